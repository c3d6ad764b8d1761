"""What each program says about the file it would be given, and what must be true of it."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from pyhocon import ConfigFactory, ConfigTree
from standin.properties import Properties

ROOT = Path(__file__).parents[2]

# Runs prosody.cfg.lua as prosody does and prints what it said, as JSON.
PROSODY = """
local function json(v)
  if type(v) == "string" then return string.format("%q", v):gsub("\\\\\\n", "\\\\n") end
  if type(v) ~= "table" then return tostring(v) end
  local out = {}
  if next(v) == nil or v[1] ~= nil then
    for _, item in ipairs(v) do out[#out + 1] = json(item) end
    return "[" .. table.concat(out, ",") .. "]"
  end
  for k, item in pairs(v) do out[#out + 1] = json(tostring(k)) .. ":" .. json(item) end
  return "{" .. table.concat(out, ",") .. "}"
end
local said, section = {["*"] = {module = "global"}}, "*"
local env = setmetatable({}, {__newindex = function(_, k, v) said[section][k] = v end})
local function enter(name, module)
  assert(not said[name], name .. " stands twice")
  section, said[name] = name, {module = module}
end
rawset(env, "VirtualHost", function(name) enter(name, "host") end)
rawset(env, "Component", function(name) enter(name, "?") return function(module) said[name].module = module end end)
assert(loadfile(arg[1], "t", env))()
print(json(said))
"""

# The files of daemons that log in to prosody, from machines of their own if they have one.
OF_DAEMONS = ("jvb.conf", "jibri.conf", "sip-communicator.properties")

HOSTS = re.compile(
    r"(?<![\w.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|de|dev|eu|io|net|org|test|us)(?![\w-])", re.I
)


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def prosody(rendered, program, tmp_path):
    file = tmp_path / "prosody.cfg.lua"
    file.write_text(rendered.only("prosody.cfg.lua"))
    run(program("luac5.4", "lua5.4"), "-p", file)
    return json.loads(run(program("lua5.4", "lua5.4"), "-", file, input=PROSODY))


@pytest.fixture
def config(rendered, program, tmp_path):
    return script(rendered.only("config.js"), "config", program, tmp_path)


def script(text, variable, program, tmp_path):
    """Has node check the script, run it, and say what the page would find in the variable."""
    file = tmp_path / "page.js"
    file.write_text(text)
    node = program("node", "nodejs")
    run(node, "--check", file)
    return json.loads(run(node, "-e", f"{text}\nconsole.log(JSON.stringify({variable}))"))


def unknown_keys(tree, package):
    """Returns the paths in a HOCON tree that the program does not read, by the list the stand-ins use."""
    lines = (ROOT / "lab/packages" / package / "keys").read_text().splitlines()
    known = {line.split()[0]: line.split()[1] for line in lines if line and not line.startswith("#")}
    patterns = [re.escape(path).replace(r"\*", r"[^.]+").replace(r"\[\]", r"\[\]") for path in known]

    def leaves(value, path):
        if isinstance(value, ConfigTree):
            return [leaf for key, item in value.items() for leaf in leaves(item, [*path, key.strip('"')])]
        if isinstance(value, list) and any(isinstance(item, ConfigTree) for item in value):
            return [leaf for item in value for leaf in leaves(item, [*path, "[]"])]
        return [".".join(path)]

    return [leaf for leaf in leaves(tree, []) if not any(re.fullmatch(pattern, leaf) for pattern in patterns)]


def hocon(text, program, tmp_path):
    """Reads the file as the package's own tool reads it and as a second parser does."""
    file = tmp_path / "file.conf"
    file.write_text(text)
    tree = ConfigFactory.parse_string(text)
    run(program("hocon", "ruby-hocon"), "-f", file, "get", next(iter(tree)))
    return tree


# --- prosody


def test_prosody_has_the_hosts_and_components_of_a_guarded_conference(rendered, prosody):
    domain = rendered.domain
    modules = {name: section["module"] for name, section in prosody.items()}
    gateway = [f"gateway.{domain}"] if "gateways" in rendered.groups else []
    assert [name for name, module in modules.items() if module == "host"] == sorted(
        [domain, f"guest.{domain}", f"auth.{domain}", f"recorder.{domain}", *gateway],
        key=list(modules).index,
    )
    rooms = {name for name, module in modules.items() if module == "muc"}
    assert rooms == {f"{name}.{domain}" for name in ("conference", "breakout", "lobby", "internal.auth")}
    assert modules[f"focus.{domain}"] == "client_proxy"
    assert modules[f"metadata.{domain}"] == "room_metadata_component"


def test_nobody_but_guests_gets_in_without_an_account(rendered, prosody):
    ways = {name: section.get("authentication") for name, section in prosody.items() if "authentication" in section}
    assert ways.pop(rendered.domain) == "token"
    # Every name on gateway.DOMAIN, but none without the password the gateways share.
    shared = prosody.get(f"gateway.{rendered.domain}", {}).get("shared_secret")
    assert ways.pop(f"gateway.{rendered.domain}", None) == ("jitsi-shared-secret" if shared else None)
    assert ways == {"*": "internal_hashed", f"guest.{rendered.domain}": "jitsi-anonymous"}
    assert prosody["*"]["allow_registration"] is False
    loaded = {module for section in prosody.values() for module in section.get("modules_enabled", [])}
    assert not loaded & {"register", "invites", "invites_register", "s2s"}
    assert "s2s" in prosody["*"]["modules_disabled"]


def test_guests_wait_for_a_moderator(rendered, prosody):
    assert "muc_wait_for_host" in prosody[f"conference.{rendered.domain}"]["modules_enabled"]
    assert {"muc_lobby_rooms", "persistent_lobby"} <= set(prosody[rendered.domain]["modules_enabled"])
    for name in ("conference", "breakout", "lobby"):
        assert prosody[f"{name}.{rendered.domain}"]["restrict_room_creation"] is True
        assert prosody[f"{name}.{rendered.domain}"]["storage"] == "memory"


def test_prosody_speaks_http_with_this_machine_only(prosody):
    assert prosody["*"]["http_interfaces"] == ["127.0.0.1"]
    assert prosody["*"]["https_ports"] == []


def test_prosody_takes_logins_from_outside_only_for_other_machines(rendered, prosody):
    there = {name.split("/")[0] for kind in OF_DAEMONS for name in rendered.files(kind)}
    apart = bool(there - meet(rendered))
    assert prosody["*"]["c2s_interfaces"] == (["*", "::"] if apart else ["127.0.0.1", "::1"])


def test_prosody_logs_no_names(prosody):
    assert prosody["*"]["log"] == [{"levels": {"min": "warn"}, "to": "events"}]
    assert "log_events" in prosody["*"]["modules_enabled"]


def test_prosody_announces_every_relay_on_both_ports(rendered, prosody):
    announced = {(s["type"], s["host"], s["port"]) for s in prosody["*"]["external_services"]}
    relays = [f"turn-{n + 1}.{rendered.domain}" for n in range(len(rendered.files("turnserver.conf")))]
    assert relays
    wanted = {(kind, host, port) for host in relays for kind, port in (("stun", 3478), ("turn", 3478), ("turns", 443))}
    assert announced == wanted


def test_relays_believe_the_credentials_prosody_makes(rendered, prosody):
    for text in rendered.files("turnserver.conf").values():
        assert f"static-auth-secret={prosody['*']['external_service_secret']}\n" in text


def test_no_relay_leads_to_itself_nor_another(rendered):
    """coturn allows its own address as a peer whatever is denied, where external-ip names it"""
    relays = rendered.files("turnserver.conf")
    bridges = {name.split("/")[0] for name in rendered.files("jvb.conf")}
    assert all(re.findall(r"^external-ip=198\.51\.100\.\d+$", text, re.M) for text in relays.values())
    for name, text in relays.items():
        own = re.findall(r"^(?:relay|external)-ip=(.*)", text, re.M)
        allowed = re.findall(r"^allowed-peer-ip=(.*)", text, re.M)
        assert allowed
        assert name.split("/")[0] in bridges or not {*own} & {*allowed}, name


def test_relays_are_limited_as_chosen(rendered):
    """coturn counts bytes"""
    for text in rendered.files("turnserver.conf").values():
        limits = dict(re.findall(r"^(.*-quota|max-bps|bps-capacity)=(\d+)$", text, re.M))
        assert limits == {"user-quota": "600", "total-quota": "4000", "max-bps": "2500000", "bps-capacity": "0"}


# --- jicofo and the bridges


def meet(rendered):
    return {name.split("/")[0] for name in rendered.files("jicofo.conf")}


def test_jicofo_reads_every_key_and_logs_in(rendered, program, tmp_path):
    tree = hocon(rendered.only("jicofo.conf"), program, tmp_path)
    assert unknown_keys(tree, "jicofo") == []
    client = tree["jicofo.xmpp.client"]
    assert (client["username"], client["domain"]) == ("focus", f"auth.{rendered.domain}")
    assert client["disable-certificate-verification"] is False
    assert f"jicofo/jicofo-authpassword password {client['password']}\n" in rendered.only("jitsi-meet-prosody.answers")


def test_jicofo_makes_no_guest_a_moderator(rendered, program, tmp_path):
    tree = hocon(rendered.only("jicofo.conf"), program, tmp_path)
    assert tree["jicofo.conference.enable-auto-owner"] is False
    assert tree["jicofo.authentication.enabled"] is False


def test_bridges_read_every_key_and_meet_jicofo(rendered, program, tmp_path):
    brewery = hocon(rendered.only("jicofo.conf"), program, tmp_path)["jicofo.bridge.brewery-jid"]
    nicknames = []
    for name, text in rendered.files("jvb.conf").items():
        host = name.split("/")[0]
        tree = hocon(text, program, tmp_path)
        assert unknown_keys(tree, "jitsi-videobridge2") == []
        client = tree["videobridge.apis.xmpp-client.configs.meet"]
        assert client["MUC_JIDS"] == brewery
        assert (client["HOSTNAME"] == "127.0.0.1") == (host in meet(rendered))
        assert client["DISABLE_CERTIFICATE_VERIFICATION"] is False
        assert f"jvbsecret password {client['PASSWORD']}\n" in rendered.only("jitsi-meet-prosody.answers")
        nicknames.append(client["MUC_NICKNAME"])
    assert nicknames
    assert len(set(nicknames)) == len(nicknames)


def test_bridges_relay_to_each_other_only_where_jicofo_lets_meetings_use_several(rendered, program, tmp_path):
    tree = hocon(rendered.only("jicofo.conf"), program, tmp_path)["jicofo"]
    several = tree["bridge.selection-strategy"] != "SingleBridgeSelectionStrategy"
    # How many there are, and where: with zones of the cloud, or all of them at the customer's one place.
    regions = {"example-large": ["az1", "az2", "az3"], "example-full": ["example-full"] * 2}.get(rendered.example, [])
    assert tree["octo.enabled"] is several is bool(regions)
    relays = [hocon(text, program, tmp_path)["videobridge.relay"] for text in rendered.files("jvb.conf").values()]
    assert {relay["enabled"] for relay in relays} == {several}
    if several:
        names = [f"{rendered.example}-jvb-{n}" for n in range(1, len(regions) + 1)]
        assert [relay["relay-id"] for relay in relays] == names
        assert [relay["region"] for relay in relays] == regions


def test_a_bridge_takes_as_many_people_of_one_meeting_as_was_chosen(rendered, program, tmp_path):
    bridge = hocon(rendered.only("jicofo.conf"), program, tmp_path)["jicofo.bridge"]
    assert bridge["max-bridge-participants"] == {"example-full": 60}.get(rendered.example, 80)


def test_bridges_tell_their_public_address_and_ask_nobody_for_it(rendered, program, tmp_path):
    for text in rendered.files("jvb.conf").values():
        mapping = hocon(text, program, tmp_path)["ice4j.harvest.mapping"]
        [static] = mapping["static-mappings"]
        assert static["public-address"].startswith("198.51.100.")
        assert static["local-address"].startswith("10.71.0.")
        assert mapping["stun.addresses"] == []
        assert mapping["aws.enabled"] is False


def test_bridges_open_no_channel_but_the_media_port(rendered, program, tmp_path):
    for text in rendered.files("jvb.conf").values():
        bridge = hocon(text, program, tmp_path)["videobridge"]
        assert bridge["websockets.enabled"] is False
        assert bridge["sctp.enabled"] is True
        assert bridge["http-servers.public.port"] == -1
        assert bridge["http-servers.private.host"] == "127.0.0.1"


# --- recorders


def test_recorders_read_every_key_and_meet_jicofo_and_their_accounts(rendered, prosody, config, program, tmp_path):
    jicofo = hocon(rendered.only("jicofo.conf"), program, tmp_path)["jicofo.jibri"]
    recorders = rendered.files("jibri.conf")
    assert bool(recorders) == ("recorders" in rendered.groups)
    nicknames = set()
    for text in recorders.values():
        tree = hocon(text, program, tmp_path)
        assert unknown_keys(tree, "jibri") == []
        [where] = tree["jibri.api.xmpp.environments"]
        muc = where["control-muc"]
        assert f"{muc['room-name']}@{muc['domain']}" == jicofo["brewery-jid"]
        assert prosody[where["control-login.domain"]]["daemon_rooms"]["jibri"] == jicofo["brewery-jid"]
        call = f"{where['call-login.username']}@{where['call-login.domain']}"
        assert call in prosody[f"conference.{rendered.domain}"]["muc_password_whitelist"]
        assert where["trust-all-xmpp-certs"] is False
        own = f"rtmps://stream\\.{rendered.domain.replace('.', chr(92) + '.')}:1936/live/live\\?key=[A-Za-z0-9_-]+"
        assert tree["jibri.streaming.rtmp-allow-list"] == [own]
        assert config["liveStreaming"]["validatorRegExpString"] == f"^(?:{own})$"
        nicknames.add(muc["nickname"])
    assert len(nicknames) == len(recorders)
    if not recorders:
        assert not jicofo
        assert not any("recorder@" in jid or "jibri@" in jid for jid in prosody["*"]["unlimited_jids"])


def test_a_long_recording_over_a_slow_line_is_not_cut_off(rendered):
    units = rendered.files("recording-delivery.service")
    assert bool(units) == ("recorders" in rendered.groups)
    assert all(
        re.findall(r"^(?:TimeoutStartSec|RuntimeMaxSec)=(.*)", unit, re.M) == ["infinity"] for unit in units.values()
    )


def test_recorders_are_not_asked_for_consent(rendered):
    """By the addresses they come from, inside"""
    exempt = re.search(r"geo \$exempt \{\n(.*?)\}", rendered.only("gate-http.conf"), re.S)[1]
    hosts = rendered.files("hosts")
    assert exempt.count("/32 yes;") == len(hosts) + len(rendered.files("sip-communicator.properties"))
    assert all(re.search(rf"^10\.71\.0\.\d+ {re.escape(rendered.domain)}$", text, re.M) for text in hosts.values())


def test_the_page_records_only_where_there_are_recorders(rendered, config):
    assert config["recordingService"]["enabled"] is bool(rendered.files("jibri.conf"))
    assert config["recordings"]["requireConsent"] is True
    assert config["liveStreaming"]["enabled"] is bool(rendered.files("jibri.conf"))


# --- gateways to the telephone

JIGASI = "net.java.sip.communicator.impl.protocol."
TO_JICOFO, TO_SIP, CALLER = JIGASI + "jabber.acc-xmpp-1", JIGASI + "sip.acc1", "org.jitsi.jigasi.xmpp.acc"


def gateways(rendered, tmp_path):
    """Jigasi's settings per gateway, as the stand-in reads them: unknown keys and wrong values are refused."""
    keys = ROOT / "lab/packages/jigasi/keys"
    found = {}
    for name, text in rendered.files("sip-communicator.properties").items():
        file = tmp_path / name.replace("/", ",")
        file.write_text(text)
        found[name.split("/")[0]] = Properties(file, keys).values
    return found


def test_gateways_read_every_key_and_meet_jicofo_and_their_accounts(rendered, prosody, program, tmp_path):
    domain, internal = rendered.domain, f"internal.auth.{rendered.domain}"
    jicofo = hocon(rendered.only("jicofo.conf"), program, tmp_path)["jicofo.jigasi"]
    found = gateways(rendered, tmp_path)
    assert bool(found) == ("gateways" in rendered.groups)
    for settings in found.values():
        assert settings[f"{TO_JICOFO}.BREWERY"] == jicofo["brewery-jid"]
        assert settings[f"{TO_JICOFO}.USER_ID"] == f"jigasi@auth.{domain}"
        assert prosody[f"auth.{domain}"]["daemon_rooms"]["jigasi"] == jicofo["brewery-jid"]
        assert f"jigasi@auth.{domain}" in prosody["*"]["unlimited_jids"]
        assert settings[f"{CALLER}.PASS"] == prosody[f"gateway.{domain}"]["shared_secret"]
        assert settings["org.jitsi.jigasi.MUC_SERVICE_ADDRESS"] == f"conference.{domain}"
        assert settings[f"{TO_JICOFO}.SERVER_ADDRESS"] == settings[f"{CALLER}.SERVER_ADDRESS"] == "10.71.0.11"
    names = {settings[f"{TO_JICOFO}.RESOURCE"] for settings in found.values()}
    assert names == set(found)
    if not found:
        assert not jicofo
        assert f"gateway.{domain}" not in prosody
        assert not any("jigasi@" in jid for jid in prosody["*"]["unlimited_jids"] + prosody[internal]["admins"])


def test_callers_are_guests_of_their_own_host(rendered, prosody, tmp_path):
    """Nobody of gateway.DOMAIN passes a lobby or a password, is trusted by jicofo, or shares a name with another."""
    domain = rendered.domain
    for settings in gateways(rendered, tmp_path).values():
        assert settings[f"{CALLER}.USER_ID"].endswith(f"@gateway.{domain}")
        assert settings[f"{CALLER}.UNIQUE_USER_ID"] is True
        assert settings[f"{CALLER}.ANONYMOUS_AUTH"] is False
        assert settings["org.jitsi.jigasi.ALLOW_ONLY_JIGASIS_IN_ROOM"] is False
    lists = [prosody[domain]["muc_lobby_whitelist"], prosody[f"conference.{domain}"]["muc_password_whitelist"]]
    assert not any("gateway" in jid for listed in lists for jid in listed)
    assert "gateway." not in rendered.only("jicofo.conf")


def test_gateways_ask_nobody_else_and_believe_certificates_only(rendered, tmp_path):
    for settings in gateways(rendered, tmp_path).values():
        assert settings["net.java.sip.communicator.service.gui.ALWAYS_TRUST_MODE_ENABLED"] is False
        assert settings["net.java.sip.communicator.packetlogging.PACKET_LOGGING_ENABLED"] is False
        assert settings["org.jitsi.jigasi.ENABLE_TRANSCRIPTION"] is False
        assert settings["org.jitsi.jigasi.ALLOWED_JID"].startswith("nobody@")
        for account in (TO_JICOFO, CALLER):
            assert settings[f"{account}.ALLOW_NON_SECURE"] is False
            assert settings[f"{account}.USE_DEFAULT_STUN_SERVER"] is False
            assert settings[f"{account}.AUTO_DISCOVER_STUN"] is False


def test_gateways_are_called_by_the_sip_server_of_their_own_machine(rendered, tmp_path):
    for settings in gateways(rendered, tmp_path).values():
        assert settings[f"{TO_SIP}.USER_ID"] == "jigasi@127.0.0.1"
        assert (settings[f"{TO_SIP}.PROXY_ADDRESS"], settings[f"{TO_SIP}.PROXY_PORT"]) == ("127.0.0.1", 5060)
        assert settings["net.java.sip.communicator.SIP_PREFERRED_CLEAR_PORT"] == 5080
        # Not 5061, which is the SIP server's.
        assert settings["net.java.sip.communicator.SIP_PREFERRED_SECURE_PORT"] == 5081
        for account in (settings[f"{TO_SIP}.ACCOUNT_UID"], settings[f"{TO_JICOFO}.ACCOUNT_UID"]):
            prefix = "net.java.sip.communicator.plugin.reconnectplugin.ATLEAST_ONE_SUCCESSFUL_CONNECTION"
            assert settings[f"{prefix}.{account}"] is True
        spoken = {name for name, rank in settings.items() if name.startswith(f"{TO_SIP}.Encodings.") and rank}
        assert {name.rpartition(".")[2].split("/")[0] for name in spoken} == {
            *("G722", "PCMA", "PCMU", "opus", "telephone-event")
        }
    for text in (text for name, text in rendered.files("config").items() if "JIGASI" in text):
        assert 'JIGASI_OPTS="--min-port=20000 --max-port=20999"' in text


def test_the_page_tells_how_to_call_only_where_there_are_gateways(rendered, config):
    gateways = {name.split("/")[0] for name in rendered.files("sip-communicator.properties")}
    there = bool(gateways)
    urls = [config.get(key) for key in ("dialInNumbersUrl", "dialInConfCodeUrl")]
    base = f"https://{rendered.domain}/dial-in"
    assert urls == ([f"{base}/numbers", f"{base}/pin"] if there else [None, None])
    assert config["prejoinConfig"]["hideExtraJoinButtons"] == ["by-phone"]  # for being called
    nginx, settings = rendered.only("nginx.conf"), json.loads(rendered.only("conference-mapper.json"))
    assert ("dial-in" in nginx) == ("server 127.0.0.1:8095;" in nginx) == bool(settings["key"]) == there
    room = re.search(r"location = /dial-in/room \{\n(.*?)\n      proxy_pass", nginx, re.S)
    exempt = re.search(r"geo \$exempt \{\n(.*?)\}", rendered.only("gate-http.conf"), re.S)[1]
    if there:
        *allowed, last = re.findall(r"^ +(\S+ \S+);$", room[1], re.M)
        assert last == "deny all"
        assert len(allowed) == len(gateways)
        assert all(re.fullmatch(r"allow 10\.71\.0\.\d+", each) for each in allowed)
        assert all(f"  {each.removeprefix('allow ')}/32 yes;" in exempt for each in allowed)
        assert settings["domain"] == rendered.domain
        assert settings["days"] == 14
        assert all(set(each) >= {"country", "number"} for each in settings["numbers"])
        assert settings["numbers"]


# --- the page


def test_nginx_accepts_its_configuration(rendered, program, tmp_path):
    nginx_says(rendered, program, tmp_path)


def nginx_says(rendered, program, tmp_path, name="nginx.conf"):
    """Has nginx judge a file; paths of a server become paths below tmp_path, the rest is what the server would get."""
    text = rendered.only(name)
    for part in ("visitors-http.conf", "gate-http.conf", "gate-server.conf"):
        text = text.replace(f"include /etc/nginx/{part};", rendered.only(part))
    for path in ("/etc/jitsi", "/var/log/nginx", "/var/lib/streaming", "/run/nginx.pid"):
        text = text.replace(path, f"{tmp_path}{path}")
    certificates = tmp_path / "etc/jitsi/certificates"
    for folder in (certificates, *(tmp_path / name for name in ("var/log/nginx", "var/lib/streaming", "run"))):
        folder.mkdir(parents=True)
    run(
        *(
            program("openssl", "openssl"),
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ),
        *("-subj", "/CN=x", "-keyout", certificates / "server.key", "-out", certificates / "server.crt"),
    )
    file, rooms = tmp_path / "nginx.conf", tmp_path / "rooms.js"
    file.write_text(text.replace("/etc/nginx/rooms.js", str(rooms)))
    rooms.write_text(rendered.only("rooms.js"))
    package = "nginx-light libnginx-mod-stream libnginx-mod-http-js libnginx-mod-rtmp"
    # Only root may bind ports below 1024; others are root in a namespace of their own.
    root = [] if os.geteuid() == 0 else ["unshare", "-rn"]
    run(*root, program("nginx", package), "-t", "-e", "stderr", "-c", file)


def test_port_443_is_split_only_where_a_relay_shares_the_machine(rendered):
    text = rendered.only("nginx.conf")
    known = {"example-single": True, "example-page": True, "example-small": False}
    shared = {name.split("/")[0] for name in rendered.files("turnserver.conf")} & meet(rendered)
    assert bool(shared) == known.get(rendered.example, bool(shared))
    assert ("ssl_preread on;" in text) == bool(shared)
    assert ("listen 127.0.0.1:4444 ssl http2 proxy_protocol;" in text) == bool(shared)
    assert ("\n    listen 443 ssl http2;" in text) != bool(shared)
    assert (f"    turn-1.{rendered.domain} 127.0.0.1:5350;" in text) == bool(shared)


def test_the_log_knows_no_visitor_and_no_room(rendered):
    [form] = re.findall(r"log_format anonymous (.*?);", rendered.only("visitors-http.conf"), re.S)
    assert not set(re.findall(r"\$\w+", form)) & {
        "$remote_addr",
        "$visitor_network",
        "$request",
        "$request_uri",
        "$uri",
        "$http_referer",
        "$args",
    }


def test_the_page_finds_signalling_at_its_own_address(rendered, config):
    assert config["hosts"]["domain"] == rendered.domain
    guests = config["hosts"]["anonymousdomain"]
    if guests.startswith("<!--#"):  # nginx says it, to guests alone
        assert "echo var='login_guests' default=''" in guests
        [asked] = re.findall(r"map \$login_session \$login_guests \{([^}]*)\}", rendered.only("nginx.conf"))
        guests = re.search(r'default "?([\w.-]+)"?;', asked)[1]
    assert guests == f"guest.{rendered.domain}"
    assert re.fullmatch(rf"wss://{re.escape(rendered.domain)}/(<!--# echo [^>]*-->)xmpp-websocket", config["websocket"])


def test_the_page_tells_nobody_else(config):
    assert config["disableThirdPartyRequests"] is True
    assert config["p2p"] == {"enabled": False, "stunServers": []}
    assert config["analytics"]["disabled"] is True
    assert config["gravatar"]["disabled"] is True


def test_the_page_links_imprint_and_privacy_notice(rendered, config):
    assert config["legalUrls"]["privacy"] == f"https://www.{rendered.example}.test/privacy"
    assert config["legalUrls"]["terms"] == f"https://www.{rendered.example}.test/imprint"


def test_the_pages_dress_is_a_script(rendered, program, tmp_path):
    dress = script(rendered.only("interface_config.js"), "interfaceConfig", program, tmp_path)
    assert dress["SHOW_JITSI_WATERMARK"] is (rendered.example == "example-page")  # which has a logo


# --- all of them


def test_no_file_names_a_third_party(rendered):
    own = f"{rendered.example}.test"
    for name, text in rendered.files().items():
        asked = re.sub(r'\bxmlns(?::\w+)?="[^"]*"', "", text)  # the name of a namespace, which nobody asks
        strangers = {host for host in HOSTS.findall(asked) if not host.endswith(own)}
        assert not strangers, f"{name} names {strangers}"


def test_every_file_says_that_it_is_overwritten(rendered):
    for name, text in rendered.files().items():
        if name.endswith(".json"):  # which knows no comments
            continue
        assert "Written by the toolkit's playbooks" in text.split("\n\n")[0], name
