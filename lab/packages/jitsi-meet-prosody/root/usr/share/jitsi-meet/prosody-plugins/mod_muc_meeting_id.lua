-- STAND-IN, not Jitsi's own: each meeting has an id of its own, shown in the room's description.
-- Left out: holding joins until the focus is in; only the focus can create a room in the first place.

local new_id = require "util.uuid".generate;

module:hook("muc-room-pre-create", function (event)
	event.room._data.meetingId = new_id();
	event.room.created_timestamp = tostring(os.time() * 1000);
end, -1);

module:hook("muc-disco#info", function (event)
	local room = event.room;
	table.insert(event.form, { name = "muc#roominfo_meetingId", label = "The meeting's id", type = "text-single" });
	event.formdata["muc#roominfo_meetingId"] = room._data.meetingId or "";
	table.insert(event.form, { name = "muc#roominfo_created_timestamp", label = "Start", type = "text-single" });
	event.formdata["muc#roominfo_created_timestamp"] = room.created_timestamp or "";
end);
