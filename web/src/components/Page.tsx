import { Box, Group, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useEffect } from 'react';

interface PageProps {
  title: string;
  about?: string;
  actions?: ReactNode;
  width?: number;
  children: ReactNode;
}

/** The frame of a page that scrolls as a whole. */
export function Page({ title, about, actions, width = 1120, children }: PageProps) {
  usePageTitle(title);
  return (
    <Box style={{ height: '100%', overflow: 'auto' }} tabIndex={0} role="region" aria-label={title}>
      <Box maw={width} mx="auto" px={{ base: 'sm', sm: 'lg' }} py="lg">
        <Group justify="space-between" align="flex-start" mb="lg" gap="sm">
          <div>
            <Title order={1}>{title}</Title>
            {about && (
              <Text c="dimmed" size="sm" mt={2}>
                {about}
              </Text>
            )}
          </div>
          {actions && <Group gap="xs">{actions}</Group>}
        </Group>
        {children}
      </Box>
    </Box>
  );
}

export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Confrere`;
  }, [title]);
}
