-- prosodyctl mod_muc_moderators COMMAND: what operators and the role ask.

local lib = module:require "moderator_rules";
local json = require "util.json";
local storagemanager = require "core.storagemanager";

local USAGE = [[
Usage: prosodyctl mod_muc_moderators COMMAND
  seats DOMAIN   who holds the right to moderate and when it was last used, one JSON object a line, sorted by name
  check          whether what it reads are rules that can be used]];

local commands = {};

function commands.seats(host)
	storagemanager.initialize_host(host);
	local seats = assert(storagemanager.open(host, "moderator_seats")):get(nil) or {};
	local names = {};
	for name in pairs(seats) do names[#names + 1] = name; end
	table.sort(names);
	for _, name in ipairs(names) do
		print(("{\"name\": %s, \"last_day\": %s}"):format(json.encode(name), json.encode(seats[name])));
	end
	return 0;
end

function commands.check()
	local rules, fault = lib.parse(io.read("a"), json.decode);
	if rules then return 0; end
	io.stderr:write(fault, "\n");
	return 1;
end

function module.command(arg)
	local command = commands[arg[1]];
	if command and (arg[2] ~= nil) == (arg[1] == "seats") then return command(arg[2]); end
	print(USAGE);
	return 2;
end
