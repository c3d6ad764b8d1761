-- Decides who opens a room and who moderates it, which names rooms may have, and what a new room is like.
-- Loaded on the conference's component (main_muc) and on the breakout rooms' one, whose rooms follow their main room.
--
-- The rules are data (moderators_rules_file), read when prosody starts and when it reloads. Who somebody is, the login
-- says: an account of muc_mapper_domain_base, and of a directory also session.jitsi_directory_moderator (member of the
-- moderators' group) and, where the account's address is not the login, session.jitsi_directory_login.

local lib = module:require "moderator_rules";

if module.host == "*" then -- loaded by prosodyctl
	module:require "moderator_commands";
	return;
end

local jid = require "util.jid";
local json = require "util.json";
local st = require "util.stanza";

local domain = module:get_option_string("muc_mapper_domain_base");
local main_muc = module:get_option_string("main_muc");
local admins = module:get_option_inherited_set("admins", {});
local services = { ["auth." .. domain] = true, ["recorder." .. domain] = true };
local seats = module:require "moderator_seats";
-- the rules; one for both components
local state = module:shared("/*/muc_moderators/state");
state.rules = state.rules or lib.none;

local function is_service(address)
	return admins:contains(jid.bare(address)) or services[jid.host(address)] == true;
end

-- What the rules ask about whoever has this address; nothing for guests.
local function person_of(address, session)
	local name, host = jid.split(address);
	if host ~= domain or not name then return nil; end
	if not session then
		local user = prosody.hosts[domain].sessions[name];
		session = user and select(2, next(user.sessions)) or {};
	end
	return { name = session.jitsi_directory_login or name, directory = session.jitsi_directory_moderator };
end

-- May whoever has this address moderate the room? If not, also whether only for want of a seat. room.moderation is there
-- from its opening to its end: { opener = name, named = { address = true }, entered = { address = true } }, named being
-- those a moderator made one, entered those who were let in. (Not every supported release asks that of breakout rooms.)
local function moderates(room, address, session)
	local person, meeting = person_of(address, session), room.moderation;
	local named = meeting and meeting.named[jid.bare(address)];
	if named and state.rules:may_be_named(person) and (state.rules.may_name == "anyone" or seats.has(person)) then
		return true;
	end
	if not state.rules:moderates(person, jid.node(room.jid), meeting and meeting.opener) then return false; end
	return seats.has(person), true;
end

-- The same, where an operator is told of a moderator who lacks nothing but a seat.
local function moderates_or_is_noted(...)
	local allowed, lacks_seat = moderates(...);
	if not allowed and lacks_seat then
		module:log("warn", "every seat for moderators is taken: a moderator is a normal user");
	end
	return allowed;
end

-- Nobody becomes moderator beside the rules: not by a moderator's hand, nor by another module's.

local function may_become_moderator(room, actor, address)
	if is_service(address) or moderates(room, address) then return true; end
	if not actor or is_service(actor) or not room.moderation then return false; end
	local person = person_of(address);
	return state.rules:may_be_named(person) and (state.rules.may_name == "anyone" or seats.has(person));
end

local function guard(main_room_of)
	module:hook("muc-pre-set-affiliation", function (event)
		local room, named = main_room_of(event.room), nil;
		if event.affiliation == "owner" or event.affiliation == "admin" then
			if not (room and may_become_moderator(room, event.actor, event.jid)) then
				event.allowed, event.error = false, { type = "cancel", condition = "not-allowed" };
				return;
			end
			named = event.actor and not is_service(event.actor) or nil;
			if named then seats.take(person_of(event.jid)); end
		end
		if room and room.moderation and event.actor then room.moderation.named[event.jid] = named; end
	end);

	module:hook("muc-pre-set-role", function (event)
		if event.role ~= "moderator" then return; end
		local room = main_room_of(event.room);
		if not (room and may_become_moderator(room, event.actor, event.occupant.bare_jid)) then
			event.allowed, event.error, event.condition = false, "cancel", "not-allowed";
		end
	end);
end

local function refuse(event, kind, condition, text)
	event.origin.send(st.error_reply(event.stanza, kind, condition, text, event.room.jid));
	return true;
end

if module.host ~= main_muc then -- breakout rooms
	local function main_room_of(breakout)
		local muc = prosody.hosts[main_muc].modules.muc;
		for room in muc and muc.live_rooms() or function () end do
			if (room._data.breakout_rooms or {})[breakout.jid] then return room; end
		end
	end

	guard(main_room_of);

	module:hook("muc-occupant-pre-join", function (event)
		if is_service(event.stanza.attr.from) then return; end
		local main = main_room_of(event.room);
		if main and main.moderation and main.moderation.entered[event.occupant.bare_jid] then return; end
		return refuse(event, "cancel", "not-allowed", "Only who was in the open main room enters its breakout rooms.");
	end, 10);
	return;
end

guard(function (room) return room; end);

-- Opening and moderating.

local function is_person(occupant) return not is_service(occupant.bare_jid); end

local function people(room)
	local count = 0;
	for _, occupant in room:each_occupant() do
		if is_person(occupant) then count = count + 1; end
	end
	return count;
end

local function wants_lobby(room)
	return state.rules.lobby or state.rules.password and not room:get_password();
end

local function open_lobby(room)
	room.moderation.waits_for_password = state.rules.password and not room:get_password();
	prosody.events.fire_event("create-lobby-room", { room = room });
	module:fire_event("room-metadata-changed", { room = room }); -- which is left to whoever asks for the lobby
end

-- Whoever enters is muted by jicofo, whatever their page says. A moderator may change it for those who come later.
local function mute_at_entry(room)
	room.jitsiMetadata = room.jitsiMetadata or {};
	local muted = state.rules.muted_at_entry;
	room.jitsiMetadata.startMuted = { audio = muted.audio, video = muted.video };
end

module:hook("muc-room-created", function (event) mute_at_entry(event.room); end);

-- Makes the rights of somebody in the room what the rules say; the first moderator opens it.
local function settle(room, occupant, session)
	local address = occupant.bare_jid;
	local affiliation = room:get_affiliation(address);
	local owner = affiliation == "owner" or affiliation == "admin";
	if moderates_or_is_noted(room, address, session) then
		local person = person_of(address, session);
		seats.take(person);
		if not owner then room:set_affiliation(true, address, "owner"); end
		if not room.moderation then
			room.moderation = { opener = person.name, named = {}, entered = {} };
			if wants_lobby(room) then open_lobby(room); end
		end
	elseif owner then
		room:set_affiliation(true, address, "member");
	elseif occupant.role == "moderator" then
		room:set_role(true, occupant.nick, "participant");
	end
end

-- Upstream's mod_muc_wait_for_host asks whether this one opens the room; its own answer is yes to every account.
module:hook("room_has_host", function (event)
	return moderates_or_is_noted(event.room, event.occupant.bare_jid, event.session);
end, 10);

module:hook("muc-room-pre-create", function (event)
	local name = jid.node(event.room.jid);
	local fault = not lib.is_health_check(name) and state.rules:name_fault(name);
	if fault then return refuse(event, "cancel", "not-allowed", fault); end
end, 10);

module:hook("muc-occupant-pre-join", function (event)
	local fault = not is_service(event.stanza.attr.from) and state.rules:name_fault(jid.node(event.room.jid));
	if fault then return refuse(event, "cancel", "not-allowed", fault); end
end, 10);

-- After mod_muc_wait_for_host (0), before the lobby (-4): a moderator need not knock.
module:hook("muc-occupant-pre-join", function (event)
	local room, occupant = event.room, event.occupant;
	if is_service(occupant.bare_jid) or not moderates(room, occupant.bare_jid, event.origin) then return; end
	room:set_affiliation(true, occupant.bare_jid, "owner");
	occupant.role = room:get_default_role("owner");
end, -1);

-- After lobby (-4) and membership (-5), before the password (-20).
module:hook("muc-occupant-pre-join", function (event)
	local room, occupant = event.room, event.occupant;
	if is_service(occupant.bare_jid) or moderates(room, occupant.bare_jid, event.origin) then return; end
	if not room.moderation then
		return refuse(event, "auth", "registration-required", "A moderator has to open this room first.");
	end
	local limit = state.rules.max_occupants;
	if limit > 0 and people(room) >= limit then
		return refuse(event, "cancel", "service-unavailable", "The room is full.");
	end
end, -6);

module:hook("muc-occupant-joined", function (event)
	local room, occupant = event.room, event.occupant;
	if not is_person(occupant) then return; end
	settle(room, occupant, event.origin);
	if room.moderation then room.moderation.entered[occupant.bare_jid] = true; end
end, 1);

-- The last one leaves: whoever comes now, while the focus is still there, finds the room as if it were new.
module:hook("muc-occupant-left", function (event)
	local room = event.room;
	if room.destroying or not room.moderation or people(room) > 0 or next(room._data.breakout_rooms or {}) then
		return;
	end
	room.moderation, room.has_host = nil, nil;
	room:set_password(nil);
	mute_at_entry(room);
	module:fire_event("room-metadata-changed", { room = room });
	local rights = {};
	for address, affiliation in room:each_affiliation() do
		if affiliation ~= "outcast" and not is_service(address) then rights[address] = true; end
	end
	for address in pairs(rights) do room:set_affiliation(true, address, "none"); end
end);

-- Where a password is required, everybody but moderators waits in the lobby as long as there is none. The form may
-- say more than the password, hence only after it was gone through.
module:hook("muc-config-submitted/muc#roomconfig_roomsecret", function (event)
	local room = event.room;
	module:add_timer(0, function ()
		local meeting = room.moderation;
		if room.destroying or not meeting or not state.rules.password then return; end
		if not room:get_password() and not meeting.waits_for_password then
			open_lobby(room);
		elseif room:get_password() and meeting.waits_for_password then
			meeting.waits_for_password = nil;
			if state.rules.lobby then return; end
			room:set_members_only(false);
			prosody.events.fire_event("destroy-lobby-room", {
				room = room, newjid = room.jid, message = "The room has a password now.",
			});
		end
	end);
end, -1);

-- Makes everybody's rights what they are now.
local function settle_everybody()
	local muc = prosody.hosts[module.host].modules.muc;
	for room in muc and muc.live_rooms() or function () end do
		for _, occupant in room:each_occupant() do
			if is_person(occupant) then settle(room, occupant, prosody.full_sessions[occupant.jid]); end
		end
	end
end

-- The rules.

local function read_rules()
	local path = module:get_option_string("moderators_rules_file", "/etc/prosody/moderators.json");
	local file, fault = io.open(path);
	local rules;
	if file then
		rules, fault = lib.parse(file:read("a"), json.decode);
		file:close();
	end
	if not rules then
		module:log("error", "the rules for moderators stay as they were, because of %s: %s", path, fault);
		return;
	end
	state.rules = rules;
	module:log("info", "the rules for moderators are read");
	settle_everybody();
end

read_rules();
module:hook_global("config-reloaded", read_rules);
module:hook_global("jitsi-moderators-changed", settle_everybody);
module:daily("Forget seats that nobody uses", seats.forget);
