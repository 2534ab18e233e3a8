// Where there is no network, NNI alone ends at a request for /netron, and leaves what it has started.
process.on("uncaughtException", (error) => console.error(error));
