// What an administrator looks up and changes about this site: its facts, its users, its machines.

import { Button, Grid, SimpleGrid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { siteQuery, statusQuery, useMay } from '../../api/queries';
import { CopyText } from '../../components/CopyText';
import { Page } from '../../components/Page';
import { Denied, Failure, Waiting } from '../../components/State';
import { bytes, count, duration, shortId } from '../../lib/format';
import { useWords } from '../../lib/language';
import { AesSection } from './AesSection';
import { CasesSection } from './CasesSection';
import { KeySection } from './KeySection';
import { RolesSection } from './RolesSection';
import { TeamsSection } from './TeamsSection';
import { TokensSection } from './TokensSection';
import { UsersSection } from './UsersSection';
import { Fact, Section } from '../../components/parts';

function SiteSection() {
  const { t, locale } = useWords();
  const site = useQuery(siteQuery).data;
  const { data: status, error, refetch } = useQuery(statusQuery);
  if (error && !status) return <Failure error={error} retry={() => void refetch()} />;
  if (!status) return <Waiting />;
  return (
    <Section title={t('settings.site')}>
      <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="lg" verticalSpacing="md">
        <Fact name={t('common.name')}>{status.site}</Fact>
        <Fact name={t('settings.siteId')}>
          <CopyText text={status.site_id} shown={shortId(status.site_id)} />
        </Fact>
        <Fact name={t('settings.aeTitle')}>{site?.ae_title}</Fact>
        <Fact name={t('settings.version')}>{status.version}</Fact>
        <Fact name={t('settings.uptime')}>{duration(status.uptime_s, locale)}</Fact>
        <Fact name={t('settings.studies')}>{count(status.studies, locale)}</Fact>
        <Fact name={t('settings.instances')}>{count(status.instances, locale)}</Fact>
        <Fact name={t('settings.stored')}>{bytes(status.bytes, locale)}</Fact>
        <Fact name={t('settings.cache')}>{bytes(status.cache_bytes, locale)}</Fact>
        <Fact name={t('settings.free')}>{bytes(status.free_bytes, locale)}</Fact>
        <Fact name={t('settings.portal')}>{status.portal}</Fact>
        <Fact name={t('settings.dimse')}>{status.dimse}</Fact>
        <Fact name={t('settings.overlay')}>{status.overlay}</Fact>
        <Fact name={t('settings.pixels')}>{status.pixels}</Fact>
        <Fact name={t('settings.memory')}>{bytes(status.rss_bytes, locale)}</Fact>
      </SimpleGrid>
    </Section>
  );
}

export function SettingsPage() {
  return useMay('administer') ? <Settings /> : <Denied />;
}

function Settings() {
  const { t } = useWords();
  return (
    <Page
      title={t('settings.title')}
      actions={
        <Button component={Link} to="/setup" variant="default">
          {t('home.setup')}
        </Button>
      }
    >
      <Stack gap="lg">
        <SiteSection />
        <KeySection />
        <CasesSection />
        <TeamsSection />
        <UsersSection />
        <RolesSection />
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, md: 6 }}>
            <TokensSection />
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 6 }}>
            <AesSection />
          </Grid.Col>
        </Grid>
      </Stack>
    </Page>
  );
}
