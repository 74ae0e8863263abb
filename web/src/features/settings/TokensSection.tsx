import { Select, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, remove } from '../../api/client';
import { keys, rolesQuery, tokensQuery } from '../../api/queries';
import type { Role, Token } from '../../api/types';
import { Once, Problem, Section } from '../../components/parts';
import { useWords } from '../../lib/language';
import { type AskedToken, TokenForm, TokenList } from '../../components/Tokens';
import { ROLES } from './roles';

/** Tokens of machines; people's own are listed too, and can be taken back. */
export function TokensSection() {
  const { t } = useWords();
  const client = useQueryClient();
  const tokens = useQuery(tokensQuery);
  const roles = useQuery(rolesQuery).data;
  const [role, setRole] = useState<Role>('technologist');
  const again = () => void client.invalidateQueries({ queryKey: keys.tokens });
  const make = useMutation({ mutationFn: (asked: AskedToken) => post<Token>('/tokens', { ...asked, role }), onSuccess: again });
  const drop = useMutation({ mutationFn: (name: string) => remove(`/tokens/${encodeURIComponent(name)}`), onSuccess: again });
  return (
    <Section title={t('settings.tokens')} about={t('settings.tokenHelp')}>
      <Stack gap="md">
        <TokenList asked={tokens} owners busy={drop.isPending} onRemove={name => drop.mutate(name)} />
        <Problem error={drop.error} />
        {make.data && <Once name={t('settings.tokenMade', { name: make.variables.name })} secret={make.data.token} onClose={() => make.reset()} />}
        <TokenForm
          key={role}
          actions={roles?.find(row => row.role === role)?.actions ?? []}
          nameLabel={t('settings.tokenName')}
          busy={make.isPending}
          error={make.error}
          onMake={asked => make.mutate(asked)}
        >
          <Select
            label={t('settings.role')}
            allowDeselect={false}
            value={role}
            onChange={value => value && setRole(value)}
            data={ROLES.map(value => ({ value, label: t(`role.${value}`) }))}
          />
        </TokenForm>
      </Stack>
    </Section>
  );
}
