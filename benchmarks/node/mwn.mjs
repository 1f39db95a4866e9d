// Writes with mwn, with the settings that its manual recommends for bots.

import { Mwn } from 'mwn';

import { serve } from './serve.mjs';

await serve(async (job) => {
  const bot = await Mwn.init({
    apiUrl: job.api,
    username: job.user,
    password: job.password,
    userAgent: 'mw_tokens_benchmark/1.0',
    defaultParams: { assert: 'user' },
  });
  return (title) =>
    bot.request({
      action: 'edit',
      title,
      summary: job.summary,
      appendtext: job.text,
      token: bot.csrfToken,
    });
});
