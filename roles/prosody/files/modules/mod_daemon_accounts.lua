-- On the host of the daemons' accounts: whoever has the account of a bridge, recorder or gateway talks to the server and
-- in the room where its kind reports to jicofo (daemon_rooms), and nobody else talks to it. So an account that fell into
-- the wrong hands enters no meeting, asks jicofo for nothing beside its room, and finds no other daemon.
-- jicofo's own account (daemon_focus) is free: people talk to it, and it goes wherever they meet.

local jid = require "util.jid";
local refusal = module:require "refusal";

local focus = module:get_option_string("daemon_focus");
local rooms = module:get_option("daemon_rooms");

local function refuse(event) return refusal(event, "A daemon talks in its own room only."); end

local function is_its_room(name, address) return rooms[name] and jid.bare(address) == rooms[name]; end
local function is_its_service(name, address) return rooms[name] and address == jid.host(rooms[name]); end

-- Without an address a stanza is for the server, but for a message, which other daemons of that account would get. Before
-- they enter a room the daemons ask its service whether it is one (Smack's MultiUserChat).
local function may_send(name, stanza)
	local to = stanza.attr.to;
	if not to then return stanza.name ~= "message"; end
	local asks = stanza.name == "iq" and stanza.attr.type == "get";
	return to == module.host or is_its_room(name, to) or asks and is_its_service(name, to);
end

local function may_receive(name, stanza)
	local from = stanza.attr.from;
	return from == module.host or is_its_room(name, from) or is_its_service(name, from);
end

local function sent(event)
	local name = jid.node(event.stanza.attr.from);
	if jid.join(name, module.host) ~= focus and not may_send(name, event.stanza) then return refuse(event); end
end

local function arrived(event)
	local name = jid.node(event.stanza.attr.to);
	if name and jid.join(name, module.host) ~= focus and not may_receive(name, event.stanza) then return refuse(event); end
end

for _, kind in ipairs { "iq", "message", "presence" } do
	for _, address in ipairs { "/bare", "/full" } do
		module:hook("pre-" .. kind .. address, sent, 1000);
		module:hook(kind .. address, arrived, 1000);
	end
	module:hook("pre-" .. kind .. "/host", sent, 1000);
end
