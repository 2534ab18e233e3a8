// The dispatcher of a busy machine takes more than NNI's ten seconds.
const timer = setTimeout;
global.setTimeout = (call, time, ...rest) => timer(call, time === 10000 ? 120000 : time, ...rest);
