// What the doctor answers: one line for each thing that was looked at.
import { z } from 'zod';

export const doctorCheckSchema = z.object({
  check: z.string().describe('engine, schema, disk, clock, scheduler, mail, or channel NAME'),
  status: z.enum(['ok', 'warning', 'failed', 'off']),
  detail: z.string(),
});
export type DoctorCheck = z.output<typeof doctorCheckSchema>;

export const doctorReportSchema = z.object({
  status: z.enum(['ok', 'warning', 'failed']),
  now: z.string(),
  checks: z.array(doctorCheckSchema),
});
export type DoctorReport = z.output<typeof doctorReportSchema>;
