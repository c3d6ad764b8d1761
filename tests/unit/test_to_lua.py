import json
import shutil
import subprocess

import pytest

from toolkit.formats.to_lua import to_lua

# A Lua program that prints the literal it is given as JSON-like text, so that Lua itself judges what was written.
READER = """
local function show(v)
  if type(v) ~= "table" then return type(v) == "string" and string.format("%q", v) or tostring(v) end
  local keys = {}
  for k in pairs(v) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  local out = {}
  for _, k in ipairs(keys) do out[#out + 1] = tostring(k) .. "=" .. show(v[k]) end
  return "{" .. table.concat(out, ",") .. "}"
end
io.write(show(%s))
"""


def lua(expression: str) -> str:
    assert shutil.which("lua5.4"), "this test needs lua5.4 (apt-get install lua5.4)"
    program = READER.replace("%s", expression)
    return subprocess.run(["lua5.4", "-"], input=program, text=True, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    ("value", "read_back"),
    [
        (None, "nil"),
        (True, "true"),
        (14, "14"),
        (0.5, "0.5"),
        ("plain", '"plain"'),
        ([], "{}"),
        (["a", 1], '{1="a",2=1}'),
        ({"c2s": {"rate": "10kb/s"}}, '{c2s={rate="10kb/s"}}'),
        ({"end": 1, "a-b": 2, 3: 4}, "{3=4,a-b=2,end=1}"),
    ],
)
def test_lua_reads_back_what_was_written(value, read_back):
    assert lua(to_lua(value)) == read_back


@pytest.mark.parametrize("nasty", ['"; os.exit(1) --', "]]", "\\", "line\nbreak\0zero", "ä€"])
def test_no_text_can_end_the_literal(nasty):
    assert lua(f"#({to_lua(nasty)})") == str(len(nasty.encode()))


def test_keys_keep_their_order():
    assert to_lua(json.loads('{"b": 1, "a": 2}')).index("b =") < to_lua({"b": 1, "a": 2}).index("a =")


def test_refuses_what_lua_has_no_literal_for():
    with pytest.raises(ValueError, match="set"):
        to_lua({1})
