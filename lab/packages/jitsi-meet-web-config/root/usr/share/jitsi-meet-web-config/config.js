// STAND-IN, not Jitsi's own: the page's configuration.
var config = {
    hosts: {
        domain: 'jitmeet.example.com',
        // anonymousdomain: 'guest.jitmeet.example.com',
        muc: 'conference.jitmeet.example.com',
        focus: 'focus.jitmeet.example.com',
    },
    bosh: 'https://jitmeet.example.com/http-bind',
    websocket: 'wss://jitmeet.example.com/xmpp-websocket',
};
