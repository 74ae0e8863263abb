// Every covered hospital with the last word that came from it: one that is silent is red, and gives a number to ring.

import { Tooltip } from '@mantine/core';
import { IconPhone, IconPlugConnectedX } from '@tabler/icons-react';
import { memo } from 'react';
import type { CoveredSite } from '../../api/types';
import { ago, moment } from '../../lib/format';
import { useWords } from '../../lib/language';
import { useNodeTime } from '../../lib/time';
import classes from './worklist.module.css';

/** Those that are silent first, then by name; our own site is not a place to hear from. */
export function orderedSites(sites: readonly CoveredSite[]): CoveredSite[] {
  return sites.filter(site => !site.ours).sort((a, b) => Number(b.silent) - Number(a.silent) || a.site_name.localeCompare(b.site_name));
}

export const Sites = memo(function Sites({ sites, chosen, onChoose }: { sites: readonly CoveredSite[]; chosen: string | null; onChoose: (site: string | null) => void }) {
  const { t, locale } = useWords();
  const now = useNodeTime();
  const shown = orderedSites(sites);
  if (shown.length === 0) return null;
  const silent = shown.filter(site => site.silent);
  return (
    <div className={classes.sites} role="group" aria-label={t('cases.sites')}>
      <span className="visually-hidden" role="status">
        {silent.map(site => t('cases.silent', { site: site.site_name })).join(' ')}
      </span>
      {shown.map(site => {
        // Never "in a second": the clock here is renewed once a second.
        const heard = site.last_contact ? ago(site.last_contact, locale, Math.max(now, Date.parse(site.last_contact))) : t('cases.neverHeard');
        return (
          <div key={site.site} className={classes.hospital} data-silent={site.silent || undefined} data-chosen={site.site === chosen || undefined}>
            <Tooltip label={site.last_contact ? t('cases.lastContact', { at: moment(site.last_contact, locale) }) : t('cases.neverHeard')}>
              <button type="button" aria-pressed={site.site === chosen} onClick={() => onChoose(site.site === chosen ? null : site.site)}>
                {site.silent ? <IconPlugConnectedX size={14} aria-hidden="true" /> : <i aria-hidden="true" />}
                <strong>{site.site_name}</strong>
                <span>{site.silent ? t('cases.silentSince', { since: heard }) : heard}</span>
                {site.open_cases > 0 && <b aria-label={t('cases.openCases', { count: site.open_cases })}>{site.open_cases}</b>}
              </button>
            </Tooltip>
            {site.silent &&
              site.telephones.slice(0, 2).map(number => (
                <a key={number} href={`tel:${number.replaceAll(/[^\d+]/g, '')}`}>
                  <IconPhone size={13} aria-hidden="true" />
                  {number}
                </a>
              ))}
          </div>
        );
      })}
    </div>
  );
});
