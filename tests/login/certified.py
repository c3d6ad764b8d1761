"""A certified OpenID provider (npm's oidc-provider)."""

import json
import shutil
import subprocess
from pathlib import Path

from directories import Authority
from openid import CLIENT, HOME, REDIRECT, SECRET

SOURCE = Path(__file__).with_name("openid_provider")
ROOT = Path(__file__).parents[2]


class CertifiedProvider:
    """The provider, on a port of its own. Every login gets in, anna is a host."""

    def __init__(self, folder: Path):
        if not shutil.which("npm"):  # some packages of nodejs bring it along
            subprocess.run([ROOT / "scripts/need", "npm"], check=True)
        authority = Authority()
        shutil.copytree(SOURCE, folder, dirs_exist_ok=True)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=folder, check=True)
        self.ca_file = folder / "ca.crt"
        self.ca_file.write_text(authority.certificate)
        (folder / "server.pem").write_text(authority.issue("localhost"))
        client = {"redirect_uris": [REDIRECT], "post_logout_redirect_uris": [HOME]}
        clients = [
            client | {"client_id": CLIENT, "client_secret": SECRET},
            client | {"client_id": "public", "token_endpoint_auth_method": "none"},
        ]
        (folder / "clients.json").write_text(json.dumps(clients))
        command = ["node", "server.mjs", folder]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.issuer = f"https://localhost:{int(self.process.stdout.readline())}"

    def close(self):
        self.process.kill()
        self.process.communicate()
