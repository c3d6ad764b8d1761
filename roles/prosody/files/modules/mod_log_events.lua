-- What prosody tells the journal: that something happened, where in the code, and how often. Never to whom or with what:
-- prosody and Jitsi's modules write addresses, rooms, tokens and what people say into their warnings and errors.
--
-- A line has the level, the file and line that logged it, the message as it stands in that file, with … for every
-- value, and, where values hold the positions of an error's traceback, those. A message that does not stand in the
-- file as it is was put together from values, and is left out. The same again within a minute is counted.
-- What is logged before prosody serves anybody is about its configuration and is written as it is.
--
-- It is the sink "events" of the option log, and writes to standard output, which systemd hands to the journal.

module:set_global();

local format = require "util.format".format;
local lfs = require "lfs";
local logging = require "core.loggingmanager";

local PRIORITIES = { error = "<3>", warn = "<4>", info = "<6>", debug = "<7>" }; -- see sd-daemon(3)
local COUNTED_FOR = 60;
local POSITIONS = 5;
-- Those that log for others.
local LOGGERS = { ["logger.lua"] = true, ["moduleapi.lua"] = true, ["mod_log_events.lua"] = true };

local serves = false;

local function base(path) return path:match("[^/]+$"); end

-- The source files there are, by name: nothing else is printed as a position.
local known = {};

local function learn(folder)
	for name in lfs.dir(folder) do
		local path = folder .. "/" .. name;
		if name:match("%.lua$") then
			known[name] = path;
		elseif not name:match("^%.") and lfs.attributes(path, "mode") == "directory" then
			learn(path);
		end
	end
end

for folder in (prosody.paths.source .. ";" .. prosody.paths.plugins):gmatch("[^;]+") do
	if lfs.attributes(folder, "mode") == "directory" then learn(folder); end
end

local texts = {};

local function text_of(path)
	if texts[path] == nil then
		local file = io.open(path);
		texts[path] = file and file:read("a") or "";
		if file then file:close(); end
	end
	return texts[path];
end

-- The path and the line of the code that logs.
local function origin()
	for level = 3, 12 do
		local info = debug.getinfo(level, "Sl");
		if not info then break; end
		local path = info.source:match("^@(.+)$");
		if path and not LOGGERS[base(path)] and info.currentline > 0 then
			return path, info.currentline;
		end
	end
	return "?", 0;
end

-- The message with no values in it, or nothing when it is not a literal of the file.
local function constant(message, path)
	local text = text_of(path);
	local written = message:gsub("\\", "\\\\"):gsub("\n", "\\n");
	for _, quote in ipairs { '"', "'" } do
		if text:find(quote .. written .. quote, 1, true) then
			return (message:gsub("%%%%", "\0"):gsub("%%[-+ #0]*%d*%.?%d*%a", "…"):gsub("%z", "%%"):gsub("%s+", " "));
		end
	end
end

-- The positions in the code that the values speak of.
local function positions(...)
	local found, seen = {}, {};
	for number = 1, select("#", ...) do
		for name, line in tostring((select(number, ...))):gmatch("([%w_.%-]+%.lua):(%d+)") do
			local position = name .. ":" .. line;
			if known[name] and not seen[position] and #found < POSITIONS then
				seen[position] = true;
				found[#found + 1] = position;
			end
		end
	end
	return table.concat(found, ", ");
end

local function write(level, text)
	io.stdout:write(PRIORITIES[level] or "", text, "\n");
	io.stdout:flush();
end

local counted = {}; -- kinds of event by what is written of them

local function count(level, line)
	local kind = counted[line];
	if kind then
		kind.more = kind.more + 1;
		return;
	end
	counted[line] = { level = level, more = 0 };
	write(level, line);
end

local function tell_counts()
	for line, kind in pairs(counted) do
		if kind.more > 0 then write(kind.level, ("%s (%d more)"):format(line, kind.more)); end
	end
	counted = {};
end

local function note(name, level, message, ...)
	if not serves then
		write(level, name .. ": " .. format(message, ...));
		return;
	end
	local path, number = origin();
	local line = ("%s:%d %s: %s"):format(base(path), number, level, constant(message, path) or "…");
	local where = positions(message, ...);
	count(level, where ~= "" and line .. " at " .. where or line);
end

logging.register_sink_type("events", function () return note; end);

module:hook("server-started", function () serves = true; end);
module:hook("server-stopped", tell_counts);
module:add_timer(COUNTED_FOR, function ()
	tell_counts();
	return COUNTED_FOR;
end);
