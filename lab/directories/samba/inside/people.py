"""people.py PASSWORD: make the groups and people in the database of this controller, before it serves anybody.

All have the same password and a second login, userPrincipalName, that is not made of the domain's name.
"""

import sys
import time

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

# Every character that means something in a DN or in a filter.
AWKWARD_GROUP = "Video (all), *moderators* \\ #1"
AWKWARD_PERSON = "Müller, Jörg (ext) *\\"
# group: groups it is a member of, which come later
GROUPS = {"Heads": ["Teachers"], "Teachers": ["Moderators"], "Moderators": [], AWKWARD_GROUP: []}
# login: (name, groups, attributes that differ from a usual account's)
DISABLED = {"userAccountControl": "514"}
EXPIRED = {"accountExpires": str((int(time.time()) - 86400 + 11644473600) * 10**7)}
MUST_CHANGE = {"pwdLastSet": "0"}
LOCKED = {"lockoutTime": str((int(time.time()) + 11644473600) * 10**7)}
PEOPLE = {
    "anna": ("Anna Arnold", ["Heads"], {"userPrincipalName": "anna.arnold@example-ad.test"}),
    "bernd": ("Bernd Brand", ["Moderators"], {}),
    "carla": ("Carla Conrad", [], {}),
    "dora": ("Dora Disabled", ["Moderators"], DISABLED),
    "emil": ("Emil Expired", ["Moderators"], EXPIRED),
    "frida": ("Frida Fresh", ["Moderators"], MUST_CHANGE),
    "gustav": ("Gustav Gestern", ["Moderators"], {}),
    "hanna": ("Hanna Held", ["Moderators"], LOCKED),
    "jörg(ext)": (AWKWARD_PERSON, ["Teachers", AWKWARD_GROUP], {}),
    "reader": ("Jitsi, reader", [], {}),
}
# Under it a password is good for a second, and who is locked out stays so.
UNDER_STRICT_POLICY = ("gustav", "hanna")
STRICT_POLICY = {
    "objectClass": "msDS-PasswordSettings",
    "msDS-PasswordSettingsPrecedence": "1",
    "msDS-PasswordReversibleEncryptionEnabled": "FALSE",
    "msDS-PasswordHistoryLength": "0",
    "msDS-PasswordComplexityEnabled": "FALSE",
    "msDS-MinimumPasswordLength": "0",
    "msDS-MinimumPasswordAge": "0",
    "msDS-MaximumPasswordAge": str(-(10**7)),
    "msDS-LockoutThreshold": "3",
    "msDS-LockoutObservationWindow": str(-(10**7)),
    "msDS-LockoutDuration": "0",
}


def main(password):
    settings = LoadParm()
    settings.load_default()
    samdb = SamDB(session_info=system_session(), lp=settings)

    def add(attribute, name, parent, attributes):
        dn = ldb.Dn(samdb, f"{attribute}=x,{parent}")
        dn.set_component(0, attribute, name)  # with whatever its characters need
        samdb.add({"dn": str(dn), **attributes})
        return str(dn)

    base = samdb.domain_dn()
    samdb.set_maxPwdAge("0")  # the domain may be kept for long; only the strict policy lets passwords expire
    units = {name: add("OU", name, base, {"objectClass": "organizationalUnit"}) for name in ("People", "Groups")}
    members = {name: [] for name in GROUPS}
    strict = []
    for login, (name, parents, differs) in PEOPLE.items():
        usual = {
            "objectClass": "user",
            "sAMAccountName": login,
            "userPrincipalName": f"{login}@example-ad.test",
            "userAccountControl": "512",
            "unicodePwd": f'"{password}"'.encode("utf-16-le"),
        }
        dn = add("CN", name, units["People"], usual | differs)
        if login in UNDER_STRICT_POLICY:
            strict.append(dn)
        for parent in parents:
            members[parent].append(dn)
    for name, parents in GROUPS.items():
        dn = add("CN", name, units["Groups"], {"objectClass": "group", "member": members[name]})
        for parent in parents:
            members[parent].append(dn)
    policies = f"CN=Password Settings Container,CN=System,{base}"
    add("CN", "strict", policies, STRICT_POLICY | {"msDS-PSOAppliesTo": strict})


if __name__ == "__main__":
    main(sys.argv[1])
