import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core';
import {
  IconAlertTriangle, IconPencil,
  IconArrowsRightLeft,
  IconCloudDownload,
  IconCopy,
  IconDots,
  IconDisc,
  IconExternalLink,
  IconEye,
  IconHandStop,
  IconHistory,
  IconPhotoSearch,
  IconServer2,
  IconShare2,
  IconShield,
  IconShieldCheck,
  IconShieldX,
  IconSignature,
  IconTag,
} from '@tabler/icons-react';
import type { CSSProperties } from 'react';
import { memo } from 'react';
import type { Study } from '../../api/types';
import { age, bytes, count, dicomDate, duration, minute, moment, patientName } from '../../lib/format';
import { useWords } from '../../lib/language';
import { studyHour } from '../../lib/zone';
import classes from './list.module.css';

export type RowAct = 'open' | 'priors' | 'fetch' | 'share' | 'export' | 'label' | 'withhold' | 'holders' | 'glance' | 'signatures' | 'weasis' | 'copy';

interface StudyRowProps {
  study: Study;
  index: number;
  selected: boolean;
  busy: boolean;
  inViewer: boolean;
  mayShare: boolean;
  mayExport: boolean;
  mayLabel: boolean;
  mayWithhold: boolean;
  mayLog: boolean;
  mayRead: boolean;
  style: CSSProperties;
  onSelect: (index: number) => void;
  onAct: (act: RowAct, study: Study) => void;
}

function sexOf(sex: string | null): 'list.sexM' | 'list.sexF' | 'list.sexO' | null {
  if (sex === 'M') return 'list.sexM';
  if (sex === 'F') return 'list.sexF';
  return sex ? 'list.sexO' : null;
}

function Patient({ study }: { study: Study }) {
  const { t, locale } = useWords();
  const { patient } = study;
  const born = dicomDate(patient.birth_date, locale);
  const years = age(patient.birth_date, new Date());
  const sex = sexOf(patient.sex);
  const facts = [
    born && (years === null ? born : t('list.bornAge', { date: born, count: years })),
    sex && t(sex),
    patient.id && t('list.id', { id: patient.id }),
  ].filter(Boolean);
  const name = patientName(patient.name);
  const amended = study.amended?.attributes.length ? study.amended : null;
  return (
    <div className={classes.patient} role="gridcell">
      <div className={name ? classes.name : classes.unnamed} title={name ?? undefined}>
        {name ?? t('list.unnamed')}
        {study.patient_conflict && (
          <Tooltip label={t('list.conflict')}>
            <IconAlertTriangle size={14} className={classes.conflict} role="img" aria-label={t('list.conflict')} />
          </Tooltip>
        )}
        {amended && (
          <Tooltip label={t('list.corrected', { at: moment(amended.at, locale) })}>
            <IconPencil size={14} role="img" aria-label={t('list.corrected', { at: moment(amended.at, locale) })} />
          </Tooltip>
        )}
      </div>
      <div className={classes.facts}>{facts.join(' · ')}</div>
    </div>
  );
}

function Images({ study }: { study: Study }) {
  const { t, locale } = useWords();
  const arriving = study.completeness === 'arriving';
  const partial = study.holder !== null && study.instances_here > 0 && study.instances_here < study.instances;
  return (
    <div className={classes.images} role="gridcell">
      <div className={classes.count}>
        {study.holder !== null && <span className={classes.dim}>{count(study.instances_here, locale)}/</span>}
        {count(study.instances, locale)}
      </div>
      <div className={classes.facts}>
        {arriving ? (
          <span className={classes.arriving}>
            <i aria-hidden="true" />
            {t('list.arriving')}
          </span>
        ) : (
          <>
            {t('list.series', { count: study.series })} · {bytes(study.bytes, locale)}
          </>
        )}
      </div>
      {partial && (
        <div
          className={classes.share}
          style={{ '--share': `${(100 * study.instances_here) / study.instances}%` } as CSSProperties}
          aria-hidden="true"
        />
      )}
    </div>
  );
}

/** Where a study's images are, in the terms of the list. */
function placeOf(study: Study) {
  if (study.availability === 'nearline' && study.source) return 'inPacs';
  return study.availability === 'unreachable' && study.holder === null ? 'offline' : study.availability;
}

const SHIELDS = { verified: IconShieldCheck, failed: IconShieldX, 'not-covered': IconShield };

/** Whether what is shown of a study is compared with what its site signed. */
function Provenance({ study }: { study: Study }) {
  const { t } = useWords();
  const Shield = SHIELDS[study.provenance];
  const said = t(`provenance.${study.provenance}`, { site: study.custodian_name });
  return (
    <Tooltip label={`${said} ${t('provenance.before', { site: study.custodian_name })}`} multiline maw={320}>
      <Shield size={14} className={classes.shield} data-is={study.provenance} role="img" aria-label={said} />
    </Tooltip>
  );
}

function Held({ study }: { study: Study }) {
  const { t, locale } = useWords();
  const place = placeOf(study);
  const recall = place === 'nearline' && study.recall_s !== null ? duration(study.recall_s, locale) : null;
  const help =
    study.custodian_name && study.custodian_name !== study.site_name
      ? t('list.custodian', { site: study.site_name, custodian: study.custodian_name })
      : recall
        ? t(study.holder ? 'list.nearlineThereTime' : 'list.nearlineTime', { time: recall, site: study.site_name })
        : place === 'nearline' && study.holder
          ? t('list.nearlineThereHelp', { site: study.site_name })
          : study.ends && place !== 'closed'
            ? t('list.endsHelp', { site: study.site_name, date: minute(study.ends, locale) })
            : t(`list.${place}Help`, { site: study.site_name });
  return (
    <div className={classes.held} role="gridcell">
      <div className={classes.siteName} title={study.site_name}>
        {study.site_name}
        <Provenance study={study} />
      </div>
      <Tooltip label={help} multiline maw={280}>
        <div className={classes.availability} data-is={study.availability}>
          <i aria-hidden="true" />
          {t(`list.${place}`)}
          {recall && ` · ${recall}`}
          {study.ends && place !== 'closed' && ` · ${t('agreement.until', { date: minute(study.ends, locale) })}`}
        </div>
      </Tooltip>
    </div>
  );
}

function Acts({ study, busy, mayShare, mayExport, mayLabel, mayWithhold, mayLog, mayRead, selected, onAct }: Omit<StudyRowProps, 'index' | 'style' | 'onSelect' | 'inViewer'>) {
  const { t } = useWords();
  const patient = patientName(study.patient.name) ?? t('list.unnamed');
  // Only the chosen row's buttons are stops of the Tab key: a long list stays one step long.
  const tabIndex = selected ? 0 : -1;
  return (
    <div className={classes.acts} role="gridcell">
      {mayRead && (
        <Button
          size="compact-sm"
          variant={selected ? 'filled' : 'default'}
          loading={busy}
          tabIndex={tabIndex}
          aria-label={t('list.openLong', { patient })}
          onClick={() => onAct('open', study)}
        >
          {t('list.open')}
        </Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" tabIndex={tabIndex} aria-label={t('list.menu', { patient })}>
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {mayRead && (
            <Menu.Item leftSection={<IconHistory size={16} />} onClick={() => onAct('priors', study)}>
              {t('list.priors')}
            </Menu.Item>
          )}
          {mayRead && (
            <Menu.Item leftSection={<IconExternalLink size={16} />} onClick={() => onAct('weasis', study)}>
              {t('images.weasis')}
            </Menu.Item>
          )}
          {mayRead && study.holder !== null && study.instances_here < study.instances && (
            <Menu.Item leftSection={<IconCloudDownload size={16} />} onClick={() => onAct('fetch', study)}>
              {t('list.fetch')}
            </Menu.Item>
          )}
          {mayRead && study.holder !== null && (
            <Menu.Item leftSection={<IconPhotoSearch size={16} />} onClick={() => onAct('glance', study)}>
              {t('previews.menu')}
            </Menu.Item>
          )}
          {mayShare && study.holder === null && (
            <Menu.Item leftSection={<IconShare2 size={16} />} onClick={() => onAct('share', study)}>
              {t('list.share')}
            </Menu.Item>
          )}
          {mayExport && study.holder === null && (
            <Menu.Item leftSection={<IconDisc size={16} />} onClick={() => onAct('export', study)}>
              {t('list.export')}
            </Menu.Item>
          )}
          {mayLabel && study.holder === null && (
            <Menu.Item leftSection={<IconTag size={16} />} onClick={() => onAct('label', study)}>
              {t('labels.menu')}
            </Menu.Item>
          )}
          {mayWithhold && study.holder === null && (
            <Menu.Item leftSection={<IconHandStop size={16} />} onClick={() => onAct('withhold', study)}>
              {t('withheld.menu')}
            </Menu.Item>
          )}
          {mayLog && study.holder === null && (
            <Menu.Item leftSection={<IconServer2 size={16} />} onClick={() => onAct('holders', study)}>
              {t('copies.ofStudy')}
            </Menu.Item>
          )}
          {mayRead && (
            <Menu.Item leftSection={<IconSignature size={16} />} onClick={() => onAct('signatures', study)}>
              {t('signatures.menu')}
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => onAct('copy', study)}>
            {t('list.copyUid')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

export const StudyRow = memo(function StudyRow(props: StudyRowProps) {
  const { study, index, selected, inViewer, mayRead, style, onSelect, onAct } = props;
  const { t, locale } = useWords();
  const parts = study.body_parts.join(', ');
  const hour = studyHour(study, t('cases.zoneUnknown'));
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={classes.row}
      data-selected={selected || undefined}
      data-study={study.study}
      style={style}
      onClick={() => onSelect(index)}
      onDoubleClick={() => mayRead && onAct('open', study)}
    >
      <div className={classes.when} role="gridcell">
        <div>{dicomDate(study.date, locale) ?? '—'}</div>
        <div className={classes.facts} title={hour ?? undefined}>
          {hour}
        </div>
      </div>
      <Patient study={study} />
      <div className={classes.modalities} role="gridcell">
        {study.modalities.map(code => (
          <span key={code} className={classes.badge} data-code={code}>
            {code}
          </span>
        ))}
      </div>
      <div className={classes.what} role="gridcell">
        <div className={study.description ? classes.description : classes.unnamed} title={study.description ?? undefined}>
          {inViewer && (
            <Tooltip label={t('list.inViewer')}>
              <IconEye size={15} className={classes.eye} role="img" aria-label={t('list.inViewer')} />
            </Tooltip>
          )}
          {study.description ?? t('list.noDescription')}
        </div>
        <div className={classes.facts}>
          {study.break_glass && (
            <Tooltip
              label={t('glass.banner', {
                reason: t(`glass.why.${study.break_glass.reason}`),
                until: minute(study.break_glass.ends, locale),
              })}
            >
              <span className={classes.glassMark}>{t('glass.mark')}</span>
            </Tooltip>
          )}
          {[...new Set(study.withheld.map(one => one.how))].map(how => (
            <span key={how} className={classes.withheld}>
              {t(`withheld.is.${how}`)}
            </span>
          ))}
          {study.labels.map(label => (
            <span key={label} className={classes.label}>
              {label}
            </span>
          ))}
          {[parts, study.accession].filter(Boolean).join(' · ')}
          {study.custodian_name && study.custodian_name !== study.site_name && (
            <IconArrowsRightLeft size={12} aria-hidden="true" />
          )}
        </div>
      </div>
      <Images study={study} />
      <Held study={study} />
      <Acts {...props} />
    </div>
  );
});
