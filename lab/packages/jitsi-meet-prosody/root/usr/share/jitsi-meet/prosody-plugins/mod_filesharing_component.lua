-- STAND-IN, not Jitsi's own: tells everybody in the room of a file somebody in there has to share.
-- Left out: keeping the list for those who come later, removing files.

local json = require "cjson.safe";
local lib = module:require "stand_in";
local st = require "util.stanza";

module:hook("message/host", function (event)
	local message = event.stanza:get_child("file-sharing", "http://jitsi.org/jitmeet");
	if not message then return; end
	local room, occupant = lib.asker(event);
	if not room or message.attr.type ~= "add" then return; end
	-- Moderators have the features of mod_jitsi_permissions, which lacks this one; a token may bring it.
	local features = event.origin.jitsi_meet_context_features;
	if not features or not features["file-upload"] then
		event.origin.send(st.error_reply(event.stanza, "auth", "forbidden"));
		return true;
	end
	local file, fault = json.decode(message:get_text());
	if not file or not file.fileId then
		module:log("error", "no file: %s %s", fault, event.stanza);
		return;
	end
	file.authorParticipantId = occupant.nick:match("/(.+)$");
	for _, other in room:each_occupant() do
		if not lib.is_admin(other.bare_jid) and other ~= occupant then
			lib.tell(other.jid, { type = "file-sharing", event = "add", file = file });
		end
	end
	return true;
end);

lib.announce("file-sharing");
