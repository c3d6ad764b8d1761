"""The two configuration files of a channel's baresip."""

from .prompts import prompt_file
from .settings import Settings

CALLER, MEETING = "sip:caller@127.0.0.1", "sip:meeting@127.0.0.1"
TO_CALLER, FROM_CALLER = "to-caller", "from-caller"
CODECS = {"PCMA": "pcma", "PCMU": "pcmu", "G722": "g722/16000/1", "opus": "opus/48000/2"}
MODULES = ("g711", "g722", "opus", "aubridge", "aufile", "srtp")


def configuration(settings: Settings, number: int) -> dict[str, str]:
    """Return the texts of the files config and accounts for channel number (from 1)."""
    return {"config": _config(settings, number), "accounts": _accounts(settings)}


def _config(settings: Settings, number: int) -> str:
    config = {
        "poll_method": "epoll",
        # TCP listens there as well, and TLS at the port behind it: channels are two apart.
        "sip_listen": f"127.0.0.1:{settings.first_sip_port + 2 * (number - 1)}",
        "net_interface": settings.address,
        "call_local_timeout": round(settings.ring) + 10,
        "call_max_calls": 1,
        "call_hold_other_calls": "no",
        # Where its own sounds would be played, for a number that is busy and the like, if it found them.
        "audio_path": "/nonexistent",
        "audio_player": "aubridge,nobody",
        "audio_source": "aubridge,nobody",
        "audio_alert": "aubridge,nobody",
        "ausrc_srate": settings.sample_rate,
        "auplay_srate": settings.sample_rate,
        "ausrc_channels": 1,
        "auplay_channels": 1,
        "audio_buffer": "20-160",
        "jitter_buffer_delay": "2-10",
        "rtp_ports": settings.rtp_ports,
        "rtp_timeout": 0,
        "ringback_disabled": "yes",
        "statmode_default": "off",
        "menu_bell": "no",
        "module_path": "/usr/lib/baresip/modules",
        "ctrl_tcp_listen": f"127.0.0.1:{settings.first_control_port + number - 1}",
    }
    lines = [f"{key} {value}" for key, value in config.items()]
    lines += [f"module {module}.so" for module in MODULES]
    lines += ["module_tmp account.so", "module_app menu.so", "module_app ctrl_tcp.so"]
    return "\n".join(lines) + "\n"


def _accounts(settings: Settings) -> str:
    caller = {
        "regint": "0",
        "answermode": "auto",
        "call_transfer": "no",
        "audio_codecs": ",".join(CODECS[codec] for codec in settings.codecs),
        "audio_source": f"aufile,{prompt_file(settings, 'welcome')}",
        "audio_player": f"aubridge,{FROM_CALLER}",
        **({"mediaenc": "srtp-mand"} if settings.srtp else {}),
    }
    meeting = {
        "regint": "0",
        "call_transfer": "no",
        # One codec: when the sound of a call changes its codec, version 1.0 takes the call's devices apart.
        "audio_codecs": CODECS["PCMA" if settings.narrowband else "G722"],
        "audio_source": f"aubridge,{FROM_CALLER}",
        "audio_player": f"aubridge,{TO_CALLER}",
    }
    accounts = [
        f'"{settings.display_name}" <{address}>' + "".join(f";{key}={value}" for key, value in parameters.items())
        for address, parameters in ((CALLER, caller), (MEETING, meeting))
    ]
    return "\n".join(accounts) + "\n"
