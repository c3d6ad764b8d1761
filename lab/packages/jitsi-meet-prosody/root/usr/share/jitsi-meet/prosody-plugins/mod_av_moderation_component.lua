-- STAND-IN, not Jitsi's own: a moderator takes microphones, cameras or screens from everybody, and gives them back. Who
-- comes later starts muted (the room's metadata).
-- Left out: letting single people speak.

local lib = module:require "stand_in";

local KINDS = { audio = true, video = true, desktop = true };

module:hook("message/host", function (event)
	local wish = event.stanza:get_child("av_moderation");
	if not wish then return; end
	local room, occupant = lib.asker(event, true);
	if not room then return; end
	local kind = wish.attr.mediaType;
	if not KINDS[kind] then
		module:log("warn", "no kind of media: %s, for %s", kind, room.jid);
		return;
	end
	if not wish.attr.enable then return; end
	local on = wish.attr.enable == "true";
	room.jitsiMetadata.startMuted = room.jitsiMetadata.startMuted or {};
	room.jitsiMetadata.startMuted[kind] = on or nil;
	lib.tell_all(room, {
		type = "av_moderation", enabled = on, room = room.jid, actor = occupant.nick, mediaType = kind,
	});
	return true;
end);

lib.announce("av_moderation");
