"""Assigns PINs to conferences, for participants who dial in.

GET /dial-in/numbers              the numbers to call, as Jitsi's page expects them
GET /dial-in/pin?conference=ROOM  the PIN of a conference: {"message": "...", "id": 123456789, "conference": "ROOM"}
GET /dial-in/room?id=PIN&caller=HASH with "Authorization: Bearer KEY"
                                  the conference of a PIN: {"id": 123456789, "conference": "ROOM"}, false for an
                                  unknown PIN; 429 after too many wrong PINs. Without a caller (a withheld number)
                                  only the limit for all callers together applies.

Stored are the conference, its PIN, the hour in which the PIN was last requested or dialled, and whether it was ever
dialled; all of it is deleted after the configured number of days without either. The journal names no conference, no
PIN and no caller.

A PIN has nine digits, the last of which is computed from the others by Damm's algorithm. PINs are typed on telephones,
where single digits are mistyped and neighbours swapped: Damm's algorithm detects each of these errors, while Luhn's
accepts 09 for 90. A PIN with a wrong check digit is refused without a lookup, and does not count as a guess.

No digit comes twice in a row: telephones and IVRs miss the second press of a key most often (dial_in_ivr describes a
case).

How likely is a successful guess? 38,742,078 numbers have nine digits, a right check digit, no digit twice in a row and
no leading zero. Every guess with a right check digit counts against `guesses` per `guesses_seconds`, for all callers
together: 20 an hour, 480 a day. With n valid PINs a day of uninterrupted guessing hits one with a chance of about
480 * n / 38,742,078: 1 in 807 for 100 conferences, 1 in 80 for 1,000, 1 in 8 for 10,000, which is the maximum. A single
caller has `caller_guesses` per `caller_seconds`: 6 in ten minutes, so that one caller does not use up the limit of all.
Whoever hits a PIN is a guest in that room and waits where guests wait.

How many PINs can be requested? New PINs are limited to `new_pins` per `new_pins_seconds` (60 a minute) and to
`max_pins` in total (10,000, about 2 MB): it takes 167 minutes of uninterrupted requests to use them up. The page's
server lets each visitor request 6 a minute, a tenth of the limit: one visitor alone needs 28 hours. When all PINs are
assigned, a new one replaces the one that was unused for longest among those that were never dialled.
"""
