// What a learner is told when a lab cannot be had: what happened, and what to do. In one place, so that the tone is one.
export const words = {
  engineAway: 'The lab engine is not answering just now. We keep trying; your lab starts by itself as soon as it is back.',
  queued: (place: number, seconds: number | undefined) => {
    const where = place <= 1 ? 'You are next' : `You are number ${place} in the queue`;
    const minutes = seconds === undefined ? 0 : Math.ceil(seconds / 60);
    const howLong = minutes ? `, which takes about ${minutes === 1 ? 'a minute' : `${minutes} minutes`} as things go` : '';
    return `There is no room for another lab just now. ${where}${howLong}; your lab starts by itself as soon as there is. The lesson can be read meanwhile.`;
  },
  engineRestarts: 'The lab engine is not answering just now. Your terminals go on; docker commands work again when it is back.',
  labLost: 'Your earlier lab had ended, so this is a fresh one. Tasks you have done stay done.',
  tooFastLearner: 'You have started several labs in a short time. Please wait a minute, then press “Reset lab”.',
  tooFastAddress: 'Many labs were just started from your network. Please wait a minute, then press “Reset lab”.',
  tooFast: 'This page asks for more than it may in so short a time. Wait a moment, then reload it.',
  tooManyTabs: 'You have very many pages of Slipway open. Close some of them, then reload this one.',
  tooManyOpen: (most: number) => `You have ${most} labs open in other tabs, which is the most one person may have. Close one of those tabs, then press “Reset lab”.`,
  tooManyTerminals: (most: number) => `A lab can have ${most} terminals. Close one to open another.`,
  notReady: 'The lab is not ready yet. It will be in a moment.',
  notNow: 'The lab could not do that just now. Try again in a moment.',
  noTerminal: 'That terminal has ended. Open a new one to go on.',
  noWorkspace: 'This page has lost its lab. Reload the page.',
  ourFault: 'Something went wrong on our side. Try again; if it stays so, tell whoever runs this Slipway.',
  badRequest: 'The page sent something the server does not understand. Reload the page.',
  noLesson: 'There is no such lesson.',
  noPreviews: 'Ports of a lab can be opened in the browser where Slipway is opened as localhost, or where its operator has set up a domain for them (SLIPWAY_PREVIEW_DOMAIN). From the terminal, curl reaches them anyway.',
  noSuchPort: 'No container publishes that port any more.',
  reset: 'The lab was reset.',
  closed: 'The terminal was closed.',
} as const;
