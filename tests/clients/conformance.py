"""The server against its own OpenAPI document, by schemathesis: no 5xx, no undocumented status, every answer fits.

BASE_URL is a running server. Without SESSION the operations are called with the API key KEY; with it, those that
need a signed-in person are called with the cookie of somebody who signs in as EMAIL and PASSWORD.
"""

import os
import re
import subprocess
import sys
import tempfile

import requests

BASE = os.environ["BASE_URL"]
# Operations that need a session, and those that issue credentials.
OF_SESSIONS = "^/api/(apikey|applications|oauth|auth)/"
# A fixed seed, so that failures can be reproduced.
SEED = "20260101"
EXAMPLES = os.environ["EXAMPLES"]

CHECKS = {
    "not_a_server_error": True,
    "status_code_conformance": True,
    "content_type_conformance": True,
    "response_headers_conformance": True,
    "response_schema_conformance": True,
    "missing_required_header": True,
    "unsupported_method": True,
    "allow_header_conformance": True,
    "use_after_free": True,
    "ignored_auth": True,
    # Unknown members are ignored and numbers are taken from texts, as the SecondMe API does: data that does not fit
    # the schema need not be refused. Other tests cover refusals.
    "negative_data_rejection": False,
    # Rules that a schema cannot express (a link must be public, a page must not be too deep, a text must not be blank,
    # ids must exist, quotas) refuse data that fits the schema.
    "positive_data_acceptance": False,
    "ensure_resource_availability": False,
    # Needs a second person; tests/matrix/ids.rs does this for every id.
    "object_level_authorization": False,
}


def signed_in() -> str:
    """The session cookie of somebody who signs in on the page."""
    browser = requests.Session()
    page = browser.get(BASE + "/sign-in")
    csrf = re.search(r'name="csrf" value="([^"]*)"', page.text).group(1)
    form = {"csrf": csrf, "email": os.environ["EMAIL"], "password": os.environ["PASSWORD"], "next": ""}
    answer = browser.post(BASE + "/sign-in", data=form, headers={"Origin": BASE}, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return browser.cookies["doppel_session"]


def config(credential: str) -> str:
    checks = "\n".join(f"[checks.{name}]\nenabled = {str(enabled).lower()}" for name, enabled in CHECKS.items())
    return f"[generation]\ndatabase = 'none'\n{credential}\n{checks}\n"


def main() -> int:
    arguments = ["--seed", SEED, "--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing",
                 "--workers", "2", "--continue-on-failure", "--no-color", "--suppress-health-check", "all",
                 "--request-timeout", "30", "--warnings", "off"]
    if os.environ.get("SESSION"):
        credential = f"[auth.openapi.session]\napi_key = '{signed_in()}'"
        # Requests with a cookie that change something must have the server's own origin.
        arguments += ["--include-path-regex", OF_SESSIONS, "--header", f"Origin: {BASE}"]
    else:
        credential = f"[auth.openapi.bearer]\nbearer = '{os.environ['KEY']}'"
        arguments += ["--exclude-path-regex", OF_SESSIONS]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "schemathesis.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(config(credential))
        schemathesis = os.path.join(os.path.dirname(sys.executable), "schemathesis")
        command = [schemathesis, "--config-file", path, "run", BASE + "/openapi.json", "--url", BASE, *arguments]
        return subprocess.run(command, cwd=folder, check=False).returncode


sys.exit(main())
