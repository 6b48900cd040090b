// Times of a filter are typed in the reader's zone; the address has them in UTC, and so means the same everywhere.

const form = document.querySelector('form.search');
const fields = [...(form?.querySelectorAll('input[data-time]') ?? [])];

/** As `datetime-local` has it. */
function local(moment) {
  return new Date(moment - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

for (const field of fields) {
  const said = field.value;
  if (said && Number.isNaN(Date.parse(said))) continue;
  field.type = 'datetime-local';
  field.step = 1;
  field.title = `in your zone, ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  if (said) field.value = local(new Date(said));
}

form?.addEventListener('formdata', ({ formData }) => {
  for (const { type, name, value } of fields) {
    if (type === 'datetime-local' && value) formData.set(name, new Date(value).toISOString().replace('.000', ''));
  }
  // What was left empty need not stand in the address.
  for (const [name, value] of [...formData]) if (value === '') formData.delete(name);
});
