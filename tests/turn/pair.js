// One end of a call: a picture that changes, and a channel that says back what it hears.
window.start = async (configuration, offers) => {
  const pc = (window.pc = new RTCPeerConnection(configuration));
  window.candidates = [];
  window.heard = [];
  pc.onicecandidate = ({ candidate }) => candidate && window.candidates.push(candidate.toJSON());

  const canvas = document.createElement("canvas");
  const paint = canvas.getContext("2d");
  let frame = 0;
  setInterval(() => {
    paint.fillStyle = `hsl(${(frame += 7)} 90% 50%)`;
    paint.fillRect(0, 0, canvas.width, canvas.height);
  }, 50);
  for (const track of canvas.captureStream(20).getTracks()) pc.addTrack(track);

  const channel = pc.createDataChannel("words", { negotiated: true, id: 0 });
  channel.onopen = () => channel.send("hello");
  channel.onmessage = ({ data }) => window.heard.push(data);
  if (offers) {
    await pc.setLocalDescription();
    return pc.localDescription.toJSON();
  }
};

window.answer = async (offer) => {
  await window.pc.setRemoteDescription(offer);
  await window.pc.setLocalDescription();
  return window.pc.localDescription.toJSON();
};

// What has been found since the last time.
window.found = () => window.candidates.splice(0);

window.state = async () => {
  const report = [...(await window.pc.getStats()).values()];
  const transport = report.find(({ type }) => type === "transport");
  const pair = report.find(({ id }) => id === transport?.selectedCandidatePairId);
  const local = report.find(({ id }) => id === pair?.localCandidateId);
  return {
    connection: window.pc.connectionState,
    heard: window.heard,
    frames: report.find(({ type }) => type === "inbound-rtp")?.framesDecoded ?? 0,
    through: local?.address,
  };
};
