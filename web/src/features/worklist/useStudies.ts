import type { InfiniteData } from '@tanstack/react-query';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { get } from '../../api/client';
import { keys } from '../../api/queries';
import type { Study, StudyPage, Transfer } from '../../api/types';
import type { Filters } from './filters';
import { toAddress, toQuestion } from './filters';

const PAGE = 50;

/** Pages may overlap when studies arrive between two questions: the first mention of a study counts. */
export function allStudies(data: InfiniteData<StudyPage> | undefined): Study[] {
  const seen = new Set<string>();
  return (data?.pages ?? [])
    .flatMap(page => page.studies)
    .filter(({ study }) => {
      if (seen.has(study)) return false;
      seen.add(study);
      return true;
    });
}

/** Images that came since the list was asked for count at once. */
export function withArrivals(studies: Study[], transfers: Transfer[]): Study[] {
  const done = new Map(transfers.map(({ study, instances_done }) => [study, instances_done]));
  return studies.map(study => {
    const here = study.holder === null ? 0 : (done.get(study.study) ?? 0);
    return here > study.instances_here ? { ...study, instances_here: here } : study;
  });
}

export function useStudies(filters: Filters) {
  return useInfiniteQuery({
    queryKey: [...keys.studies, toAddress(filters).toString()],
    queryFn: ({ pageParam, signal }) =>
      get<StudyPage>(`/studies?${toQuestion(filters, new Date(), pageParam, PAGE)}`, signal),
    initialPageParam: 0,
    getNextPageParam: page => (page.more ? page.offset + page.studies.length : undefined),
    placeholderData: keepPreviousData,
  });
}
