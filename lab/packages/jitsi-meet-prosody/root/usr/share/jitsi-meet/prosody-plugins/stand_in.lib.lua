-- STAND-IN, not Jitsi's own: what the stand-in modules share.

local jid = require "util.jid";
local json = require "cjson.safe";
local sasl = require "util.sasl";
local st = require "util.stanza";
local generate_uuid = require "util.uuid".generate;

local JITMEET = "http://jitsi.org/jitmeet";

local lib = {};

local admins = module:get_option_inherited_set("admins", {});

-- Is the address one of the admins of the module's own host, or of all hosts? Other hosts' admins do not count.
function lib.is_admin(address)
	return admins:contains(jid.bare(address));
end

function lib.is_focus(nick)
	return nick ~= nil and nick:sub(-6) == "/focus";
end

function lib.is_health_check(address)
	return address:sub(1, 21) == "__jicofo-health-check";
end

-- Calls back with the MUC component HOST's module context and room service as soon as it is loaded,
-- whatever order prosody loads its hosts in.
function lib.when_muc(host, callback)
	local attached = false;
	local function attach()
		local entry = prosody.hosts[host];
		if attached or not entry then return; end
		attached = true;
		local context = module:context(host);
		if entry.modules and entry.modules.muc then
			callback(context, entry.modules.muc);
		else
			context:hook("module-loaded", function (event)
				if event.module == "muc" then callback(context, entry.modules.muc); end
			end);
		end
	end
	attach();
	module:hook_global("host-activated", function (name)
		if name == host then attach(); end
	end);
end

function lib.room(address)
	local entry = prosody.hosts[jid.host(address)];
	local muc = entry and entry.modules and entry.modules.muc;
	return muc and muc.get_room_from_jid(address) or nil;
end

-- The room of the page the session comes from (?room= of its address); nothing without it, or when it is not there.
function lib.room_of(session)
	local name = session.jitsi_web_query_room;
	if not name then return nil; end
	local prefix = session.jitsi_web_query_prefix or "";
	if prefix ~= "" then name = "[" .. prefix .. "]" .. name; end
	local domain = module:get_option_string("muc_mapper_domain_base", module.host:match("^[^.]+%.(.+)$"));
	local room = lib.room(jid.join(name, "conference." .. domain));
	if not room then module:log("warn", "there is no room %s/%s", prefix, session.jitsi_web_query_room); end
	return room;
end

-- Who sent the event's stanza to this component, and the room it is about; nothing for those who may not.
function lib.asker(event, moderators_only)
	local session, stanza = event.origin, event.stanza;
	if stanza.attr.type == "error" or not session.jitsi_web_query_room then return nil; end
	local room = lib.room_of(session);
	if not room then return nil; end
	local occupant = room:get_occupant_by_real_jid(stanza.attr.from);
	if not occupant then
		module:log("warn", "%s is not in %s", stanza.attr.from, room.jid);
	elseif moderators_only and occupant.role ~= "moderator" then
		module:log("warn", "%s does not moderate %s", stanza.attr.from, room.jid);
	else
		return room, occupant;
	end
end

function lib.breakout_rooms_are_used(room)
	for address in pairs(room._data.breakout_rooms or {}) do
		local breakout = lib.room(address);
		if breakout and breakout:has_occupant() then return true; end
	end
	return false;
end

function lib.tell(address, content)
	module:send(st.message({ from = module.host, to = address })
		:tag("json-message", { xmlns = JITMEET }):text(json.encode(content)));
end

function lib.tell_all(room, content)
	for _, occupant in room:each_occupant() do lib.tell(occupant.jid, content); end
end

-- Makes the component or feature known to clients, through mod_features_identity on the conference's host.
function lib.announce(kind, host)
	local components = module:shared("/*/stand_in/components");
	components[kind] = host or module.host;
	module:fire_event("jitsi-add-identity", { name = kind, host = components[kind] });
	prosody.events.fire_event("jitsi-add-identity", { name = kind, host = components[kind] });
end

-- Is the address, bare or full, or its host in the set?
function lib.listed(set, address)
	return set:contains(jid.bare(address)) or set:contains(jid.host(address));
end

-- The user name of an earlier session, which is named by the id it was given to resume it by (?previd=).
function lib.resumed_name(session)
	for _, other in pairs(session.previd and prosody.full_sessions or {}) do
		if other.resumption_token == session.previd then return other.username; end
	end
end

-- prosody's own mechanism takes a no for a name that is taken and asks again for ever. This one is used on all hosts.
sasl.registerMechanism("ANONYMOUS", { "anonymous" }, function (handler)
	local ok, condition, reason = handler.profile.anonymous(handler);
	if not ok then return "failure", condition, reason; end
	handler.username = handler.username or generate_uuid();
	return "success";
end);

return lib;
