// STAND-IN, not Jitsi's own.
var interfaceConfig = {
    APP_NAME: 'Jitsi Meet (STAND-IN)',
    SHOW_JITSI_WATERMARK: false
};
