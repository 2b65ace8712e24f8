/**
 * Folds access entries in the common order (entry.ts) to who is a member with which role. Roles are judged only here and
 * in access.ts, the same on every replica, whatever the order of arrival.
 */
import { type AccessHistory } from './access-history.ts';
import { Access, type AccessEntry, type BodyOf, needsAdmin, roleAfter } from './access.ts';

/**
 * Folds access entries, given in the common order. An entry that a later-ordered one turns out to void (it lies past a
 * change's cut, or joins by an invitation that was revoked before it was known) is left out and the fold starts over, so
 * the outcome does not depend on arrival.
 */
export function foldAccess(entries: readonly AccessEntry[], history: AccessHistory): Access {
  const void_ = new Set<string>();
  for (;;) {
    const access = new Access(history);
    const taken = entries.filter((item) => !void_.has(item.entry.hash) && access.take(item));
    const next = leftOutAfterAll({ entries, taken, access, history });
    if (next.length === 0) return access;
    for (const { entry } of next) void_.add(entry.hash);
  }
}

interface Folded {
  entries: readonly AccessEntry[];
  taken: readonly AccessEntry[];
  access: Access;
  history: AccessHistory;
}

function leftOutAfterAll({ entries, taken, access, history }: Folded): AccessEntry[] {
  const late = voidAfterAll(taken, access);
  if (late.length > 0) return late;
  const single = joinUnknownToRevocation(taken, history) ?? demotionOfSenior(entries, access, history);
  return single ? [single] : [];
}

/**
 * Entries that later-ordered ones void: those that the earliest member's word voids come first, all at once. What is left
 * out then may be what voided others' work, which stands without it; the earliest member's word does not depend on it,
 * for nobody makes void what they built on.
 */
function voidAfterAll(taken: readonly AccessEntry[], access: Access): AccessEntry[] {
  const late = taken
    .filter((item) => isVoidAfterAll(item, access))
    .map((item) => ({ item, rank: access.rankOfJudge(item.entry) }));
  const first = Math.min(...late.map(({ rank }) => rank), Infinity);
  return late.filter(({ rank }) => rank === first).map(({ item }) => item);
}

function isVoidAfterAll({ entry, body }: AccessEntry, access: Access): boolean {
  if (body.type === 'found' || body.type === 'join') return false;
  const role = access.roleFor(entry);
  const own = 'person' in body && body.person === access.personOf(entry.device);
  // Who leaves is judged by the period that their own entry ends.
  if (body.type === 'remove' && own) return false;
  return needsAdmin(body, access.personOf(entry.device)) ? role !== 'admin' : role === undefined;
}

/** A revoked invitation counts only for the joins that the revoking admin knew of. */
function joinUnknownToRevocation(
  taken: readonly AccessEntry[],
  history: AccessHistory
): AccessEntry | undefined {
  const revocations = taken.filter(({ body }) => body.type === 'revoke');
  return taken.find(
    ({ entry, body }) =>
      body.type === 'join' &&
      revocations.some(
        (revocation) =>
          revocation.body.type === 'revoke' &&
          revocation.body.invite === body.invite &&
          !history.knew(revocation.entry, entry.hash)
      )
  );
}

type Demotion = AccessEntry & { body: BodyOf<'role' | 'remove'> };

/**
 * Of two admins who demote or remove each other, neither knowing of the other's act, the one who came first stays: else
 * a demoted admin could date an entry back and take the project over.
 * @returns the junior's act, which counted so far
 */
function demotionOfSenior(
  entries: readonly AccessEntry[],
  access: Access,
  history: AccessHistory
): AccessEntry | undefined {
  const demotions = entries.filter(
    (item): item is Demotion =>
      (item.body.type === 'role' || item.body.type === 'remove') && roleAfter(item.body) !== 'admin'
  );
  const refused = demotions.filter(({ entry }) => !access.counts(entry.hash));
  if (refused.length === 0) return undefined;
  return demotions.find(({ entry, body }) => {
    const junior = access.personOf(entry.device);
    return (
      junior !== undefined &&
      access.counts(entry.hash) &&
      access.rankOf(body.person) < access.rankOf(junior) &&
      refused.some(
        (act) =>
          access.personOf(act.entry.device) === body.person &&
          act.body.person === junior &&
          !history.knew(act.entry, entry.hash)
      )
    );
  });
}
