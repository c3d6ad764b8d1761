-- On the component through which the focus is asked for a room: says no at once where the name is against the rules.

local lib = module:require "moderator_rules";
local jid = require "util.jid";
local st = require "util.stanza";

local main_muc = module:get_option_string("main_muc");
local state = module:shared("/*/muc_moderators/state");

local function asked(event)
	local stanza = event.stanza;
	local request = stanza:get_child("conference", "http://jitsi.org/protocol/focus");
	if not request or stanza.attr.type ~= "set" and stanza.attr.type ~= "get" then return; end
	local name, host = jid.prepped_split(request.attr.room);
	if not name or host ~= main_muc then return; end -- the focus itself knows what to say
	local fault = (state.rules or lib.none):name_fault(name);
	if not fault then return; end
	event.origin.send(st.error_reply(stanza, "cancel", "not-acceptable", fault));
	return true;
end

module:hook("iq/host", asked, 1);
module:hook("iq/full", asked, 1);
