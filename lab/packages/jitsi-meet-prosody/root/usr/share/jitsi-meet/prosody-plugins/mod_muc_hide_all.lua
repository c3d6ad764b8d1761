-- STAND-IN, not Jitsi's own: no room of this component is listed.

module:hook("muc-room-pre-create", function (event)
	event.room:set_hidden(true);
end, -1);
