"""How long people wait for a page.

A moment counts from the key press, by the event's own time, to the end of the frame that shows its result.
"""

# painted() of the page: when the next frame has been shown.
PAINTED = """
() => {
  window.painted = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now());
    channel.port2.postMessage(0);
  }));
}
"""
