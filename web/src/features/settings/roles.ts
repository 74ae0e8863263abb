import type { Role } from '../../api/types';

export const ROLES: readonly Role[] = ['radiologist', 'referrer', 'technologist', 'auditor', 'admin'];
