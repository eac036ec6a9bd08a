"""The dashboard and the API over HTTP."""
