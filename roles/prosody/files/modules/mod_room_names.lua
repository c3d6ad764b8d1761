-- On the component through which the focus is asked for a room: says no at once where the name is against the rules, and
-- where the room would be in a component not meant for meetings. The focus goes wherever it is asked to, and as an admin
-- opens what it enters: without this a guest could have it open a lobby to meet in, or go where the bridges are.

local lib = module:require "moderator_rules";
local jid = require "util.jid";
local st = require "util.stanza";

local FOCUS = "http://jitsi.org/protocol/focus";

local main_muc = module:get_option_string("main_muc");
local breakout_rooms_muc = module:get_option_string("breakout_rooms_muc");
local state = module:shared("/*/muc_moderators/state");

local function asked(event)
	local stanza = event.stanza;
	local request = stanza:get_child("conference", FOCUS);
	if not request or stanza.attr.type ~= "set" and stanza.attr.type ~= "get" then return; end
	local name, host = jid.prepped_split(request.attr.room);
	if not name then return; end -- the focus itself knows what to say
	local fault;
	if host == main_muc then
		fault = (state.rules or lib.none):name_fault(name);
	elseif host ~= breakout_rooms_muc and prosody.hosts[host] then
		fault = "There are no meetings here. / Hier gibt es keine Konferenzen.";
	end
	if not fault then return; end
	-- The page shows a reservation's error and its text. It takes not-acceptable for a session that has ended and asks
	-- again for a minute, and shows no text with any other condition.
	event.origin.send(st.error_reply(stanza, "cancel", "not-allowed", fault)
		:tag("reservation-error", { xmlns = FOCUS, ["error-code"] = "403" }));
	return true;
end

module:hook("iq/host", asked, 1);
module:hook("iq/full", asked, 1);
