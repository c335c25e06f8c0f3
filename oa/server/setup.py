"""/setup: where the link leads that the first start prints. One form, without scripts, for one use."""

from __future__ import annotations

from html import escape
from typing import Annotated
from urllib.parse import parse_qs

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from oa.errors import OaError
from oa.hub.sign_in import Password
from oa.server.auth import Call
from oa.server.errors import status_of

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem; }}
  label {{ display: block; margin-top: 1rem; }}
  input, button {{ font: inherit; padding: .4rem; width: 100%; box-sizing: border-box; }}
  button {{ margin-top: 1.5rem; }}
  code {{ overflow-wrap: anywhere; }}
  [role=alert] {{ border-left: .25rem solid; padding-left: .75rem; }}
</style>
<h1>{title}</h1>
{body}
</html>
"""

FORM = """{error}
<p>Choose a name and a password. This account administers the hub.</p>
<form method="post" action="/setup" autocomplete="on">
  <input type="hidden" name="code" value="{code}">
  <label>User name <input name="username" value="{username}" required maxlength="128" autocomplete="username"
    autofocus></label>
  <label>Password <input name="password" type="password" required minlength="8" maxlength="1024"
    autocomplete="new-password"></label>
  <button>Create the account</button>
</form>"""

DONE = """<p><strong>{name}</strong> administers this hub now.</p>
<p>This is your first access token. It is shown once:</p>
<p><code>{token}</code></p>
<p>Sign in with it, or with your name and password.</p>"""


class SetupController(Controller):
    path = "/setup"
    include_in_schema = False

    @get("/")
    async def form(self, code: Annotated[str, QueryParameter(max_length=200)] = "") -> Response[str]:
        """The form, whether or not the code holds: only sending it tells."""
        return _page("Set up this hub", _form(code, "", ""))

    @post("/", status_code=200)
    async def create(self, call: NamedDependency[Call]) -> Response[str]:
        """The first administrator's account."""
        sent = _fields(await call.request.body())
        code, name = sent.get("code", ""), sent.get("username", "")
        client = call.request.client
        shown = Password(name, sent.get("password", ""), origin=client.host if client else "")
        try:
            made = await call.hub.front_desk.claim_admin(shown, code)
        except OaError as error:
            return _page("Set up this hub", _form(code, name, str(error)), status_of(error, "/setup"))
        user = made.account.user
        return _page("Done", DONE.format(name=escape(user.display_name), token=escape(made.token.secret)))


def _fields(body: bytes) -> dict[str, str]:
    try:
        sent = parse_qs(body.decode(), max_num_fields=10)
    except ValueError:  # not UTF-8, or more fields than the form has
        return {}
    return {name: values[-1] for name, values in sent.items()}


def _form(code: str, username: str, error: str) -> str:
    alert = f'<p role="alert">{escape(error[:1].upper() + error[1:])}.</p>' if error else ""
    return FORM.format(error=alert, code=escape(code), username=escape(username))


def _page(title: str, body: str, status: int = 200) -> Response[str]:
    content = PAGE.format(title=title, body=body)
    return Response(content, status_code=status, headers=HEADERS, media_type="text/html")
