// Writes with m3api, with the settings that its manual recommends for bots.

import Session from 'm3api';

import { serve } from './serve.mjs';

await serve(async (job) => {
  const session = new Session(
    job.api,
    { formatversion: 2, errorformat: 'plaintext' },
    { userAgent: 'mw_tokens_benchmark/1.0' },
  );
  await session.request(
    { action: 'login', lgname: job.user, lgpassword: job.password },
    { method: 'POST', tokenType: 'login', tokenName: 'lgtoken' },
  );
  session.tokens.clear();
  session.defaultParams.assert = 'user';
  session.defaultParams.maxlag = 5;
  return (title) =>
    session.request(
      { action: 'edit', title, summary: job.summary, appendtext: job.text },
      { method: 'POST', tokenType: 'csrf' },
    );
});
