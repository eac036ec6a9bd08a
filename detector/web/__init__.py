"""The dashboard and the API over HTTP.

What pages are made with
------------------------
- `backend.AskedBackend` in a handler's signature gives the `Backend`; handlers are plain ``def``.
- `services.services`, `services.service`, `series.series`, `incidents.incident_view` read.
- ``dependencies=[needs(Scope.READ)]`` (from `access`) on a route lets in who may; `access.Asking`
  in a signature gives the `Visitor`.
- A form has a hidden ``csrf`` field with `sessions.csrf_token(request)`, and its route
  ``dependencies=[form_of_ours, needs(Scope.WRITE)]`` (`access.form_of_ours`).
- ``POST /login`` takes ``csrf, token, next``; ``POST /logout`` takes ``csrf``; the page is theirs.
- `pulse.AskedPulse` tells when something changed, for server-sent events.
"""
