// Loaded with --import into a process under test: an exception that nothing expects, when the test wants it.
process.on('SIGUSR2', () => {
  throw new Error('a crash that the test asked for');
});
