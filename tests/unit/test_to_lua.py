import json
import shutil
import subprocess

import pytest
from corpus import examples, first_difference, texts
from hypothesis import strategies as st

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


# Data with texts and names of all kinds; none has no place in a table, and 1 and true are different keys to Lua alone.
WORDS = texts("\"'\\\n\r\0\x1b[]-={}%")
SCALARS = st.one_of(WORDS, WORDS, st.integers(-(2**63) + 1, 2**63 - 1), st.booleans(), st.floats(-1e300, 1e300))
KEYS = st.one_of(WORDS, st.integers(-9, -1), st.sampled_from(["end", "nil", "goto", "self"]))
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=5,
)
VALUES = examples(DATA)
# Prints each value as JSON that has texts in hexadecimal digits and a table as a list of pairs.
SHOW = """
local function show(v)
  if type(v) == "string" then
    return '"' .. v:gsub(".", function(c) return string.format("%02x", c:byte()) end) .. '"'
  end
  if math.type(v) == "float" then return string.format("%.17g", v):gsub("^(-?%d+)$", "%1.0") .. "" end
  if type(v) ~= "table" then return tostring(v) end
  local out = {}
  for key, inner in pairs(v) do out[#out + 1] = "[" .. show(key) .. "," .. show(inner) .. "]" end
  return "[" .. table.concat(out, ",") .. "]"
end
"""


def as_shown(value):
    """What SHOW says of a value, in an order of its own."""
    if isinstance(value, str):
        return value.encode().hex()
    if isinstance(value, list):
        return in_order([[number, as_shown(inner)] for number, inner in enumerate(value, 1)])
    if isinstance(value, dict):
        return in_order([[as_shown(key), as_shown(inner)] for key, inner in value.items()])
    return value


def in_order(shown):
    """The pairs of a table in the order of their keys; pairs() has none."""
    if not isinstance(shown, list):
        return shown
    return sorted(([key, in_order(inner)] for key, inner in shown), key=repr)


def test_lua_reads_back_any_data():
    lines = [f"print(show({to_lua(value)}))" for value in VALUES]
    done = subprocess.run(
        ["lua5.4", "-"], input=(SHOW + "\n".join(lines)).encode(), capture_output=True, check=True
    ).stdout.decode()
    read = [in_order(json.loads(line)) for line in done.splitlines()]
    assert first_difference([as_shown(value) for value in VALUES], read) is None


@pytest.mark.parametrize("wrong", [2**63, float("nan"), float("inf"), "\ud800", {None: 1}, {0.5: 1}])
def test_refuses_what_lua_would_read_otherwise(wrong):
    with pytest.raises(ValueError, match=r"Lua|surrogates"):
        to_lua({"a": wrong})
