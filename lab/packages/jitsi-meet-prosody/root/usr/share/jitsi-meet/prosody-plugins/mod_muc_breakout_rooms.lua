-- STAND-IN, not Jitsi's own: announces breakout rooms to clients.
-- Left out: doing it; no conference is entered or left because of it.

local lib = module:require "stand_in";

lib.announce("breakout_rooms", module:get_option_string("breakout_rooms_muc", "breakout." .. module.host));
