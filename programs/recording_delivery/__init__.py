"""Delivers recordings of meetings, from the moment Jibri has finished with them.

enqueue FOLDER  Jibri's finalize script: the recording in the folder is to be delivered. Quick, because Jibri waits.
recover         The same for recordings that a recorder left behind when it died; before another one starts.
deliver         Every minute: inspects each recording, encrypts it if there are recipients, uploads it to the storage
                and deletes it here; deletes expired recordings here and there; checks the recorder's own units. Exits
                with 1 while there are errors, one line for each on standard error. No line names a room or a
                participant: a recording is named by its session.

Settings are written by role recording_delivery, whose argument_specs document them. Each error is sent once, by a POST
of JSON, to the address in alert_url.
"""
