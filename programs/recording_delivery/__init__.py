"""Delivers recordings of meetings, from the moment Jibri has finished with them.

enqueue SESSION        As Jibri's user, its finalize script: the recording in folder SESSION is to be delivered. Quick,
                       because Jibri waits.
recover FOLDER         The same for recordings that a recorder left behind when it died; before another one starts.
take-over FOLDER USER  As root, every minute: moves what is to be delivered out of the reach of Jibri's user.
deliver                As USER, after that: inspects each recording, encrypts it if there are recipients, uploads it to
                       the storage and deletes it here; deletes expired recordings here and there; checks the
                       recorder's own units. Exits with 1 while there are errors, one line for each on standard error.
                       No line names a room or a participant: a recording is named by its session.

Jibri's user, whose browser strangers may have taken over, can hand recordings over, and read neither those of former
meetings nor the settings. The settings are written by role recording_delivery, whose argument_specs document them. Each
error is sent once, by a POST of JSON, to the address in alert_url.
"""
