// What a learner, or whoever looks at their port, is told by a preview itself.
export const ports = {
  'port.title': 'A port of a lab',
  'port.looksAgain': 'This page looks again by itself every few seconds.',
  'port.reload': 'Look now',
  'port.more': 'Open it from Slipway',
  'port.tooMany': 'This lab has too many connections open at once. Close some of its tabs, or wait a moment.',
  'port.silent': 'The program at port {port} took the request but has not begun to answer. It may be busy or stuck: docker logs shows what it says.',
  'port.tls': 'The program at port {port} speaks HTTPS. Previews speak plain HTTP to a lab and bring TLS themselves where it is needed: publish the program’s HTTP port, or switch TLS off in it.',
  'port.headersTooLarge': 'The headers of the answer from port {port} are larger than a browser’s request may bring back (16 KiB).',
  'port.hungUp': 'The program at port {port} closed the connection without an answer. It may have ended, may still be starting, or does not speak HTTP.',
  'port.asleep': 'This lab is asleep, and what ran in it was stopped. Open its page in Slipway to wake it, start the program again, and then open the port.',
  'port.noWorker': 'On this address a page cannot have a service worker.',
} as const;
