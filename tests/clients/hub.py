"""The documentation's own Python: app-token, person-token, and a call. Only the server's address is another."""

import configparser
import os
import time

import jwt
import requests

ORIGINAL = "https://open.apihub.net"
real_get = requests.get
requests.get = lambda url, **more: real_get(url.replace(ORIGINAL, os.environ["BASE_URL"]), **more)

config = conf = configparser.ConfigParser()
config["apihub"] = {"ak": os.environ["AK"], "sk": os.environ["SK"]}
user_id = "user-7"

# This statement is as in the documentation.
apihub_app_token = jwt.encode(
    {
        "sub": config.get("apihub", "ak"),
        "iss": config.get("apihub", "ak"),
        "typ": "app_token",
        "iat": int(time.time()),
        "exp": int(time.time()) + 2 * 3600,
    },
    config.get("apihub", "sk"), algorithm="HS256",
)
weather = requests.get("https://open.apihub.net/api/weather-basic/now",
                       headers={"apihub-token": apihub_app_token}).json()
assert weather["success"] is True and weather["result"]["now"]["text"], weather

sub = user_id
roles = ["SYS_ADMIN"]
groups = ["/技术部/运维部"]

person_token = jwt.encode(
    {
        "sub": sub,
        "iss": conf.get("apihub", "ak"),
        "typ": "person_token",
        "iat": int(time.time()),
        "exp": int(time.time()) + 2 * 3600,
        "roles": roles,
        "groups": groups
    },
    conf.get("apihub", "sk"), algorithm="HS256",
)
echo = requests.get("https://open.apihub.net/api/echo/x", headers={"Apihub-Token": person_token}).json()
identity = echo["result"]["identity"]
assert (identity["person"], identity["roles"], identity["groups"]) == (sub, roles, groups), echo

# A token with a longer life than the documentation allows is refused.
claims = {"sub": config.get("apihub", "ak"), "iss": config.get("apihub", "ak"), "typ": "app_token",
          "iat": int(time.time()), "exp": int(time.time()) + 2 * 3600 + 1}
answer = requests.get(ORIGINAL + "/api/echo/x",
                      headers={"apihub-token": jwt.encode(claims, config.get("apihub", "sk"), algorithm="HS256")})
assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_LIFETIME_TOO_LONG"), answer.text

print(person_token)
