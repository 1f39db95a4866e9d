// What examples/raw_actions.py does, with mwn.

import { Mwn } from 'mwn';

const job = JSON.parse(process.argv[2]);
const done = ['alreadyblocked', 'alreadyrolled', 'missingtitle'];
const reason = 'Vandalism';

const bot = await Mwn.init({
  apiUrl: job.api,
  username: job.user,
  password: job.password,
  userAgent: 'mw_tokens_benchmark/1.0',
  defaultParams: { assert: 'user' },
});
const { query } = await bot.request({
  action: 'query',
  meta: 'tokens',
  type: 'rollback|watch',
});
const { rollbacktoken, watchtoken } = query.tokens;

for (const user of job.users) {
  await once({ action: 'block', user, expiry: '3 days', reason }, bot.csrfToken);
  for (const { title, new: isNew } of await latestEdits(user)) {
    if (isNew) {
      await once({ action: 'delete', title, reason }, bot.csrfToken);
    } else {
      await once({ action: 'rollback', title, user, summary: reason }, rollbacktoken);
      await once({ action: 'watch', titles: title, expiry: '1 month' }, watchtoken);
    }
  }
  if ((await latestEdits(user)).length) {
    process.exitCode = 1;
  }
}

async function once(parameters, token) {
  try {
    await bot.request({ ...parameters, token });
  } catch (error) {
    if (!done.includes(error.code)) {
      throw error;
    }
  }
}

async function latestEdits(ucuser) {
  const answer = await bot.request({
    action: 'query',
    list: 'usercontribs',
    ucuser,
    ucshow: 'top',
    uclimit: 500,
  });
  return answer.query.usercontribs;
}
