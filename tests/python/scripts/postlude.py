print('checks', _checks)
