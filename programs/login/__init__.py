"""Logs people in, once for every room, and vouches for them to prosody.

  GET /login?room=ROOM&state=STATE    the form, or a link to the provider; ROOM and STATE as in Jitsi's tokenAuthUrl
  POST /login                         user, password, stay, form: the login; leads to the room
  GET /login/start, GET|POST /login/finish  to the provider and back
  GET /logout, POST /logout           asks, and ends the session
  GET /_login/session                 for nginx: 204, with "X-Login: yes" where a session is good
  GET /_login/token                   for nginx: 204, with "X-Token: JWT" for the room of X-Original-URI
  POST /_login/current                for prosody: {"sessions": [SID, ...], "fresh": false}, answered with those
                                      that are good, {SID: is moderator}; SID is a claim sid
  GET /_login/link                    for nginx: takes a foreign token (jwt) out of X-Original-URI, and logs in by it

The browser has a cookie, __Host-login: 256 random bits, which this service alone can read. The token for prosody (60
seconds, one room) goes from here to nginx and from nginx to prosody: no browser, address bar or history ever has one.
Nobody gets a token whose request comes from a page of another site.

Stored are, for each session: SHA-256 of the cookie, the login, whether a moderator, the room if there is but one, and
the times of login, last use and last check. It is deleted at the logout, and when the session has ended. The journal
names nobody.

Guesses are limited for each person and, apart from that, for each visitor who has logged in as that person before: who
guesses elsewhere keeps nobody out who comes from where he always comes from. Visitors take turns, so that a burst of
one delays that one only. Whole schools are one visitor: nothing counts how often one logs in.
"""
