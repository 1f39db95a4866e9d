// What examples/raw_actions.py does, with m3api.

import Session, { set } from 'm3api';

const job = JSON.parse(process.argv[2]);
const done = ['alreadyblocked', 'alreadyrolled', 'missingtitle'];
const reason = 'Vandalism';

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

for (const user of job.users) {
  await once({ action: 'block', user, expiry: '3 days', reason }, 'csrf');
  for (const { title, new: isNew } of await latestEdits(user)) {
    if (isNew) {
      await once({ action: 'delete', title, reason }, 'csrf');
    } else {
      await once({ action: 'rollback', title, user, summary: reason }, 'rollback');
      await once({ action: 'watch', titles: set(title), expiry: '1 month' }, 'watch');
    }
  }
  if ((await latestEdits(user)).length) {
    process.exitCode = 1;
  }
}

async function once(parameters, tokenType) {
  try {
    await session.request(parameters, { method: 'POST', tokenType });
  } catch (error) {
    if (!done.includes(error.firstCode)) {
      throw error;
    }
  }
}

async function latestEdits(ucuser) {
  const { query } = await session.request({
    action: 'query',
    list: 'usercontribs',
    ucuser,
    ucshow: 'top',
    uclimit: 500,
  });
  return query.usercontribs;
}
