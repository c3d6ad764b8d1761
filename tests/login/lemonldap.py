"""LemonLDAP::NG of Debian as identity provider for OpenID Connect and SAML, with its demo accounts.

dwho, whose password is the same, is in group timelords; msmith is not.
"""

import json
import os
import socket
import subprocess
from pathlib import Path

from asking import ROOT
from directories import Authority
from machine import wait
from openid import HOME, REDIRECT
from saml_site import OWN_METADATA, write_key

CLIENT, SECRET = "jitsi", "secret-of-letters-and-digits"  # it takes the letters of HTTP's password as they are
PACKAGES = (
    *("liblemonldap-ng-portal-perl", "lemonldap-ng-fastcgi-server", "nginx-light"),
    *("libio-string-perl", "libstring-random-perl", "liblasso-perl", "libxml-simple-perl"),  # for its two protocols
)
APP = "require Lemonldap::NG::Portal; Lemonldap::NG::Portal->run({});"
INI = """[all]
logLevel = warn
[configuration]
type = File
dirName = {folder}/conf
localStorage = Cache::FileCache
localStorageOptions = {{ 'namespace' => 'config', 'default_expires_in' => 600, 'cache_root' => '{folder}/cache' }}
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
"""
NGINX = """daemon off; pid {folder}/nginx.pid; error_log stderr crit;
events {{}}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
        location / {{ proxy_pass http://127.0.0.1:{inside}; proxy_set_header Host localhost:{port}; }}
    }}
}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def sessions(folder: Path) -> dict:
    (folder / "lock").mkdir(parents=True)
    return {"Directory": str(folder), "LockDirectory": str(folder / "lock")}


class Lemonldap:
    """The portal at https://localhost:PORT/."""

    def __init__(self, folder: Path):
        subprocess.run([ROOT / "scripts/need", *PACKAGES], check=True)
        authority, port, inside = Authority(), free_port(), free_port()
        self.url, self.ca_file = f"https://localhost:{port}", folder / "ca.crt"
        self.ca_file.write_text(authority.certificate)
        (folder / "server.pem").write_text(authority.issue("localhost"))
        write_key(folder, 10)
        (folder / "conf").mkdir()
        (folder / "conf/lmConf-1.json").write_text(json.dumps(self.configuration(folder)))
        (folder / "lemonldap-ng.ini").write_text(INI.format(folder=folder))
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, inside=inside))
        (folder / "portal.psgi").write_text(APP)
        self.log = (folder / "log").open("w")
        portal = ["plackup", "--host", "127.0.0.1", "--port", str(inside), folder / "portal.psgi"]
        environment = os.environ | {"LLNG_DEFAULTCONFFILE": str(folder / "lemonldap-ng.ini")}
        self.running = [
            subprocess.Popen(portal, env=environment, stdout=self.log, stderr=self.log),
            subprocess.Popen(["/usr/sbin/nginx", "-c", folder / "nginx.conf"], stdout=self.log, stderr=self.log),
        ]
        for each in (port, inside):
            wait(lambda each=each: answers(each), lambda: (folder / "log").read_text())

    def configuration(self, folder: Path) -> dict:
        key, certificate = ((folder / name).read_text() for name in ("idp.key", "idp.pem"))
        cache = {"namespace": "sessions", "default_expires_in": 600, "cache_root": str(folder / "cache")}
        return {
            "cfgNum": 1,
            "cfgDate": 1,
            "locationRules": {"none.test": {"default": "deny"}},
            "portal": f"{self.url}/",
            "domain": "localhost",
            "securedCookie": 1,
            "requireToken": 0,
            "captcha": "::Auth::Null",  # none is asked for; the usual one needs ImageMagick
            "authentication": "Demo",
            "userDB": "Demo",
            "passwordDB": "Demo",
            "demoExportedVars": {"uid": "uid", "mail": "mail"},
            "globalStorage": "Apache::Session::File",
            "globalStorageOptions": sessions(folder / "sessions"),
            "persistentStorage": "Apache::Session::File",
            "persistentStorageOptions": sessions(folder / "psessions"),
            "localSessionStorage": "Cache::FileCache",
            "localSessionStorageOptions": cache,
            "issuerDBOpenIDConnectActivation": 1,
            "oidcServiceAllowAuthorizationCodeFlow": 1,
            "oidcServicePrivateKeySig": key,
            "oidcServicePublicKeySig": certificate,
            "oidcServiceKeyIdSig": "key-1",
            "oidcRPMetaDataOptions": {
                "jitsi": {
                    "oidcRPMetaDataOptionsClientID": CLIENT,
                    "oidcRPMetaDataOptionsClientSecret": SECRET,
                    "oidcRPMetaDataOptionsRedirectUris": REDIRECT,
                    "oidcRPMetaDataOptionsPostLogoutRedirectUris": HOME,
                    "oidcRPMetaDataOptionsIDTokenSignAlg": "RS256",
                    "oidcRPMetaDataOptionsBypassConsent": 1,
                    "oidcRPMetaDataOptionsRequirePKCE": 1,
                }
            },
            "oidcRPMetaDataOptionsExtraClaims": {"jitsi": {"groups": "groups"}},  # a scope that it does not list
            "oidcRPMetaDataExportedVars": {"jitsi": {"preferred_username": "uid", "groups": "groups;string;always"}},
            "issuerDBSAMLActivation": 1,
            "samlEntityID": f"{self.url}/saml/metadata",
            "samlServicePrivateKeySig": key,
            "samlServicePublicKeySig": certificate,
            "samlServiceSignatureMethod": "RSA_SHA256",
            "samlSPMetaDataXML": {"jitsi": {"samlSPMetaDataXML": OWN_METADATA}},
            "samlSPMetaDataOptions": {
                "jitsi": {
                    "samlSPMetaDataOptionsSignSSOMessage": 1,
                    "samlSPMetaDataOptionsCheckSSOMessageSignature": 0,
                }
            },
            "samlSPMetaDataExportedAttributes": {"jitsi": {"uid": "1;uid;;", "groups": "1;groups;;"}},
        }

    def close(self):
        for process in self.running:
            process.terminate()
            process.wait()
        self.log.close()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
