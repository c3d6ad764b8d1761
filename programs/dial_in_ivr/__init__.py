"""Answers calls, asks for the PIN of a meeting, and connects the caller with the meeting.

render FILE   create the prompts that are missing, and print them
tidy FILE     remove the prompts that the settings no longer need; a running IVR may still play them
serve FILE    take calls; FILE is JSON, the fields of Settings

Every channel is a process of baresip, which does everything about SIP and sound, and is controlled over a socket. It
has two accounts: Kamailio sends calls to one, "caller"; with the other, "meeting", the channel dials the PIN at
Kamailio, which sends that call to Jigasi. The sound of both calls meets in two devices of baresip's module aubridge.

  caller  hears TO_CALLER     fed by the call into the meeting    (or a prompt, before there is a meeting)
  meeting hears FROM_CALLER   fed by the caller

In version 1.1 of baresip (Debian 13) the commands that switch what a call hears switch it for all calls of a process.
So nothing is switched while both calls exist: a prompt ends before the meeting is dialled, and while Jigasi does not
answer, the caller hears nothing; after `ring` seconds the channel hangs up the call into the meeting, plays that the
meeting has not begun, and tries again.

The same version receives only the first packet of a digit, so a digit that is pressed twice in a row arrives once. PINs
have no such digits (conference_mapper). What remains is the last digit of a PIN followed by the same digit at the
beginning of the next attempt, which module digits handles.

Output of baresip names callers, so it is discarded. No line of the journal names a caller or a PIN.
"""
