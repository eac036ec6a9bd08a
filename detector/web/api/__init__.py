"""The API, version 1: JSON, described by OpenAPI at ``/v1/openapi.json``."""
